// What a long session leaves behind: of a text that was edited a thousand times, the last version and nothing else.

import assert from 'node:assert/strict';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { checkFile, checkNextVersion, editDocument, openDocument, type CheckResult, type Document, type World } from '../../server/core/index.js';
import { TODAY } from '../support/check.js';

const PATH = 'main.vmlayout';
const GUESTS = 12;

const TEXT = `const SIZE = 1 GiB
host metal { arch aarch64  page 4 KiB  iommu smmu { model smmu-v3  reserved msi at 128 MiB size 1 MiB kind sw-msi }  device nic "0000:01:00.0" }
${Array.from({ length: GUESTS }, (_, index) => `vm guest${index} on metal {\n  ram low at 0 size SIZE\n  assign nic\n}\n`).join('')}`;

describe('a text that is edited for a long time', () => {
  it('keeps its last version alone, and what is taken over looks into that', async () => {
    setFlagsFromString('--expose-gc');
    const collect = runInNewContext('gc') as () => void;
    const earlier: WeakRef<Document>[] = [];
    let state = { document: openDocument(TEXT), result: undefined as CheckResult | undefined };
    for (let edit = 0; edit < 5 * GUESTS; edit++) {
      state = nextVersion(state.document, edit);
      earlier.push(new WeakRef(state.document));
    }
    // A weak reference holds until the present turn is over.
    await new Promise((resolve) => setImmediate(resolve));
    collect();
    // What the last one was made of is remembered for as long as its successor isn't known.
    const alive = earlier.filter((document) => document.deref() !== undefined);
    assert.ok(alive.length <= 2, `${alive.length} versions are kept`);
    assert.equal(alive.at(-1)?.deref(), state.document);
    const fresh = checkFile(PATH, worldOf(state.document), { today: TODAY });
    assert.deepEqual(state.result?.findings.map(({ message }) => message), fresh.findings.map(({ message }) => message));
    for (const { evaluator } of state.result?.vms ?? []) assert.equal(evaluator.lookup.scopeOf(PATH)?.document, state.document);

    function nextVersion(document: Document, edit: number): { document: Document; result: CheckResult } {
      const text = document.items.map((item) => item.text).join('');
      const at = text.indexOf(' size SIZE', text.indexOf(`vm guest${(edit * 7) % GUESTS} `));
      const changed = editDocument(document, at, at, ' ');
      return { document: changed, result: checkNextVersion(PATH, worldOf(changed), { today: TODAY }, state.result) };
    }
  });
});

const worldOf = (document: Document): World => ({ read: (path) => (path === PATH ? document : 'missing') });
