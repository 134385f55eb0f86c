/** How texts lie on a terminal, which counts in cells: some characters take two, some none. */

const NO_CELL = /^[\p{Mn}\p{Me}\u200b-\u200d\ufe00-\ufe0f]$/u;
const TWO_CELLS =
  /^(?:\p{Emoji_Presentation}|[\u1100-\u115f\u2e80-\u303e\u3041-\ua4cf\ua960-\ua97f\uac00-\ud7a3\uf900-\ufaff\ufe30-\ufe6f\uff00-\uff60\uffe0-\uffe6\u{20000}-\u{3fffd}])$/u;

/** Cells that one character takes; a tab counts as one, whoever draws must copy it. */
export function cellsOf(character: string): number {
  if (character.charCodeAt(0) < 0x300) return 1;
  return NO_CELL.test(character) ? 0 : TWO_CELLS.test(character) ? 2 : 1;
}

export function cellsIn(text: string): number {
  let cells = 0;
  for (const character of text) cells += cellsOf(character);
  return cells;
}

// Control characters but the tab; line separators; and those that turn the direction of what follows around.
const HARMFUL = /[\u0000-\u0008\u000a-\u001f\u007f-\u009f\u2028\u2029\u202a-\u202e\u2066-\u2069]/g;

/**
 * A text of a file, safe to be shown: characters that would steer the terminal are drawn instead (`␛`). As long as
 * before.
 */
export const showable = (text: string): string =>
  text.replace(HARMFUL, (character) => {
    const code = character.charCodeAt(0);
    return code < 0x20 ? String.fromCharCode(0x2400 + code) : code === 0x7f ? '␡' : '\ufffd';
  });
