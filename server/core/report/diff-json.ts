import type { Change, ChangedPart } from '../drift/change.js';
import { formatAddress } from '../layout/address.js';
import { lastOf, type Range } from '../layout/intervals.js';

/** What `diff` and `drift` print with `--format json`: docs/schema/diff.schema.json. */
export function diffJson(parts: readonly ChangedPart[]): string {
  const record = { schema: 1, parts: parts.map(({ kind, name, changes }) => ({ kind, name, changes: changes.map(changeRecord) })) };
  return `${JSON.stringify(record, undefined, 2)}\n`;
}

const changeRecord = ({ kind, what, message, before, after, breaksMigration }: Change) => ({
  kind,
  what,
  message,
  ...(before && { before: rangeRecord(before) }),
  ...(after && { after: rangeRecord(after) }),
  breaksMigration,
});

const rangeRecord = (range: Range) => ({ base: formatAddress(range.base), last: formatAddress(lastOf(range)) });
