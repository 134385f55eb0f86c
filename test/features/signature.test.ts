import assert from 'node:assert/strict';
import { signatureAt } from '../../server/core/index.js';
import { atCursor } from '../support/cursor.js';

/** The signature at the cursor, its active parameter in brackets. */
function signature(source: string): string {
  const { file, offset } = atCursor(source);
  const found = signatureAt(file.document, offset);
  if (!found) return 'nothing';
  const active = found.active === undefined ? undefined : found.parameters[found.active];
  return active ? `${found.label.slice(0, active.start)}[${found.label.slice(active.start, active.end)}]${found.label.slice(active.end)}` : found.label;
}

const CASES: readonly (readonly [source: string, expected: string])[] = [
  ['const A = align_up($0', 'align_up([x], block)'],
  ['const A = align_up(4 KiB, $0)', 'align_up(x, [block])'],
  ['const A = align_up(4 $0KiB, 2)', 'align_up([x], block)'],
  ['const A = align_up(min(1, 2, $0), 4)', 'min(a, b, […])'],
  ['const A = align_up(min(1, 2)$0, 4)', 'align_up([x], block)'],
  ['const A = min(1, 2, 3, 4, $0', 'min(a, b, […])'],
  ['const A = if(true, $0, 3)', 'if(condition, [then], otherwise)'],
  ['const A = count(1, $0)', 'count(list)'],
  ['policy p {\n  require m.coverage($0) > 90% for m in map\n}', 'coverage([size])'],
  ['policy p {\n  require m.blocks($0\n}', 'blocks([size])'],
  ['policy p {\n  require v.stage2-coverage(2 $0', 'stage2-coverage([size])'],
  ['const A = align_up((1 + $0), 4)', 'align_up([x], block)'],
  ['const A = align_up(max(")", /* ( */ 1), $0', 'align_up(x, [block])'],
  ['const A = align_up(1, (2 + 3) * $0', 'align_up(x, [block])'],
  ['const A = align_up(\nvm web {\n  ram low at $0', 'nothing'],
  ['const A = align$0_up(1, 2)', 'nothing'],
  ['const A = align_up(1, 2)$0', 'nothing'],
  ['const A = nosuch($0)', 'nothing'],
  ['const A = align_up("$0', 'nothing'],
  ['// align_up($0', 'nothing'],
  ['$0', 'nothing'],
];

describe('signature help', () => {
  for (const [source, expected] of CASES) it(source, () => assert.equal(signature(source), expected));
});
