/** The syntax of snippets that the protocol takes over from TextMate, as far as ours need it. */

/** A declaration as it is mostly written, with places to fill in. */
export interface Snippet {
  /** Begins with the keyword that it writes. */
  readonly label: string;
  /** Indented by two blanks a level. */
  readonly body: string;
}

/** A place to fill in: with several choices a menu, the first of them the default; with none an empty place. */
export function stop(number: number, ...choices: readonly string[]): string {
  const [first = '', ...others] = choices;
  if (others.length === 0) return first === '' ? `$${number}` : `\${${number}:${first.replace(/[\\$}]/g, '\\$&')}}`;
  return `\${${number}|${choices.map((choice) => choice.replace(/[\\,|]/g, '\\$&')).join(',')}|}`;
}

/** The text when every default is taken: what stands at a place stands at all places of its number. */
export function plainText(snippet: string): string {
  const defaults = new Map<string, string>();
  for (const { groups } of snippet.matchAll(PLACE)) {
    const { number, text, choice } = groups ?? {};
    const content = text ?? choice;
    if (number !== undefined && content !== undefined && !defaults.has(number)) defaults.set(number, content.replace(/\\(.)/g, '$1'));
  }
  return snippet.replace(PLACE, (...match) => {
    const { number, bare } = match.at(-1) as Readonly<Record<string, string | undefined>>;
    return defaults.get(number ?? bare ?? '') ?? '';
  });
}

/** The same on one line, without comments: Vim takes a line break in what completion brings for a character. */
export function onOneLine(snippet: string): string {
  const lines = plainText(snippet).split('\n').map((line) => line.trim()).filter((line) => line !== '' && !line.startsWith('///'));
  return lines.map((line, index) => (/[{}]$/.test(line) || (lines[index + 1] ?? '}').startsWith('}') ? line : `${line};`)).join(' ');
}

/** `$1`, `${1:text}`, `${1|first,second|}`. */
const PLACE = /\$(?<bare>\d+)|\$\{(?<number>\d+)(?::(?<text>(?:\\.|[^\\}])*)|\|(?<choice>(?:\\.|[^\\,|])*)(?:,(?:\\.|[^\\|])*)?\|)\}/g;
