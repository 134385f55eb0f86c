import assert from 'node:assert/strict';
import { violations } from '../support/json-schema.js';

// The test's own reader of schemas finds what it should.

describe('a JSON schema', () => {
  const schema = {
    type: 'object',
    required: ['name'],
    additionalProperties: false,
    properties: { name: { $ref: '#/$defs/name' }, sizes: { type: 'array', items: { type: 'integer', minimum: 0 } }, kind: { enum: ['a', 'b'] } },
    $defs: { name: { type: 'string', pattern: '^[a-z]+$' } },
  };

  it('is kept', () => assert.deepEqual(violations({ name: 'low', sizes: [0, 1], kind: 'a' }, schema), []));

  it('is broken in each of its parts', () => {
    assert.deepEqual(violations({ name: 'Low', sizes: [-1, 1.5, '2'], kind: 'c', more: 1 }, schema), [
      '$: has a more',
      '$.name: `Low` is not like ^[a-z]+$',
      '$.sizes.0: is less than 0',
      '$.sizes.1: is number, not integer',
      '$.sizes.2: is string, not integer',
      '$.kind: `c` is not in the list',
    ]);
    assert.deepEqual(violations({}, schema), ['$: has no name']);
    assert.deepEqual(violations([], schema), ['$: is array, not object', '$: has no name']);
  });

  it('says nothing that isn’t understood', () => assert.throws(() => violations(1, { maximum: 3 })));
});
