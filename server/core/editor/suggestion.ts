import type { EditorFile } from './editor-file.js';

/** One thing that could stand at the cursor. What takes longer to say is worked out by `explain`, for the one that is looked at. */
export interface Suggestion {
  readonly label: string;
  readonly kind: 'keyword' | 'property' | 'value' | 'unit' | 'rule' | 'selector' | 'file' | 'function' | 'field' | 'constant' | 'element' | 'snippet';
  /** Right behind the label: ` = 4 KiB`. */
  readonly suffix?: string;
  /** At the end of its line in the list: `host`, `error`. */
  readonly detail?: string;
  /** What is written, where it isn't the label. */
  readonly insert?: string;
  /** Whether `insert` has places to fill in (`${1:x}`). */
  readonly snippet?: boolean;
  /** What is written instead where nobody can fill in places; if left out, `insert` with its defaults, on one line. */
  readonly plain?: string;
  /** Whether its doc comment begins with `Deprecated`. */
  readonly deprecated?: boolean;
  /** Characters that take it when they are typed behind it. */
  readonly commit?: string;
  /** A text that has to be loaded before it can be explained. */
  readonly path?: string;
  readonly explain?: (file: EditorFile) => Explanation;
  /** The same in brief, where all of a list is explained at once; if left out, `explain`. */
  readonly brief?: () => Explanation;
}

/** What is told of the suggestion that is looked at. */
export interface Explanation {
  /** One line, such as what a value comes to. */
  readonly detail?: string;
  /** Markdown. */
  readonly about?: string;
}

/** A sentence that is known as it is; nothing for an empty one. */
export const told = (about: string | undefined): Pick<Suggestion, 'explain'> => (about === undefined || about === '' ? {} : { explain: () => ({ about }) });

/** A text on one line, cut where it is too long to stand beside a label. */
export function shortText(text: string): string {
  const line = text.replace(/\s+/g, ' ').trim();
  return line.length <= LONGEST ? line : `${line.slice(0, LONGEST - 2)} …`;
}

const LONGEST = 40;
