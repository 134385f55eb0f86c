import { meaning } from '../layout/did-you-mean.js';
import { placeOf } from '../layout/place.js';
import type { Problem } from '../layout/problem.js';
import type { Source } from '../layout/scope.js';
import { LIBRARY } from '../std/generated/library.js';
import type { Text } from '../syntax/nodes.js';
import { nearest } from '../text/suggest.js';
import { bad, defineLanguageRule, fixed, good, type FileSubject } from './rule.js';

/** An import leads nowhere. */
export const importMissing = defineLanguageRule({
  name: 'import-missing',
  summary: 'An imported file isn’t there, or can’t be read.',
  since: '0.1.0',
  why: `Paths are relative to the importing file; \`std:\` is the library that comes with the tool. Only files of the workspace
are read, and nothing is ever fetched. What the missing file would declare is unknown, so more is told than is wrong until
the path is mended.`,

  examples: [
    bad(
      `
      import "std:policies/basics"
             ^^^^^^^^^^^^^^^^^^^^^ \`std:policies/basics\` can’t be imported: the shipped library has no such file; did you mean \`std:policies/basic\`?
      import "hosts/altra.vmlayout"
             ^^^^^^^^^^^^^^^^^^^^^^ \`hosts/altra.vmlayout\` can’t be imported: there is no such file
    `,
      fixed('Change to `std:policies/basic`', `
        - import "std:policies/basics"
        + import "std:policies/basic"
      `),
    ),
    good(`
      import "std:policies/basic"
      import "altra.vmlayout"
--- altra.vmlayout
host altra {
}
`),
  ],

  also: (subject) => subject.scope.imports().flatMap(({ source, path }) => problemOf(source, path, subject)),
});

function problemOf(source: Source, path: string | undefined, { lookup }: FileSubject): Problem[] {
  const { head } = source.declaration;
  if (head?.kind !== 'text') return [];
  if (path === undefined) return head.closed ? [{ rule: 'import-missing', place: placeOf(source, head), message: 'an import names a file' }] : [];
  const state = lookup.stateOf(path);
  if (state === 'missing' || !('error' in state)) return [];
  const inner = { start: head.start + 1, end: head.end - (head.closed ? 1 : 0) };
  const { hint, more } = meaning(meantBy(head), inner);
  const why = head.value.startsWith('std:') ? 'the shipped library has no such file' : state.error;
  return [{ rule: 'import-missing', place: placeOf(source, head), message: `\`${head.value}\` can’t be imported: ${why}${hint}`, ...more }];
}

/** A file of the library that is spelt nearly so, or that lacks its `std:`. */
const meantBy = ({ value }: Text): string | undefined =>
  LIBRARY.has(`std:${value}`) ? `std:${value}` : value.startsWith('std:') ? nearest(value, LIBRARY.keys()) : undefined;
