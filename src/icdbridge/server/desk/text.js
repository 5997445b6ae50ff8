// Places in a text: the server counts characters; JavaScript's strings count UTF-16 units, two for such as 🫀.

export function placesIn(text) {
  if (!/[\ud800-\udbff]/.test(text)) return { unit: (character) => character, character: (unit) => unit };
  const places = [];
  let at = 0;
  for (const character of text) {
    places.push(at);
    at += character.length;
  }
  places.push(at);
  return { unit: (character) => places[character], character: (unit) => lastBefore(places, unit, (one) => one) };
}

// Index of the last of `sorted` whose place is at or before `place`.
export function lastBefore(sorted, place, placeOf) {
  let low = 0, high = sorted.length - 1;
  while (low < high) {
    const middle = (low + high + 1) >> 1;
    if (placeOf(sorted[middle]) <= place) low = middle;
    else high = middle - 1;
  }
  return low;
}

const SPACE = /\s/;

// The selection {start, end} trimmed to what is no space, or null.
export function trimmed(text, { start, end }) {
  while (start < end && SPACE.test(text[start])) start++;
  while (end > start && SPACE.test(text[end - 1])) end--;
  return start < end ? { start, end } : null;
}

// The end of the word after `place`, and the start of the word before it.
export function nextEnd(text, place) {
  while (place < text.length && SPACE.test(text[place])) place++;
  while (place < text.length && !SPACE.test(text[place])) place++;
  return place;
}

export function previousStart(text, place) {
  while (place > 0 && SPACE.test(text[place - 1])) place--;
  while (place > 0 && !SPACE.test(text[place - 1])) place--;
  return place;
}
