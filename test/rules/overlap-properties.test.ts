import assert from 'node:assert/strict';
import fc from 'fast-check';
import { applyOffer, check, offersOf, type Checked } from '../support/check.js';
import { ARM, checkOn } from '../support/on-host.js';

// Overlaps in random layouts, against a naive look and against what the kernel model answers.

/** A region in pages, for the naive look. */
interface Plot {
  readonly name: string;
  readonly kind: 'ram' | 'rom' | 'mmio' | 'doorbell' | 'hole' | 'avoid' | 'window';
  readonly hotplug: boolean;
  readonly base: number;
  readonly pages: number;
  /** The region that it is over, by its place in the list. */
  readonly over: number | undefined;
}

const plots: fc.Arbitrary<Plot[]> = fc
  .array(
    fc.record({
      kind: fc.constantFrom<Plot['kind'][]>('ram', 'ram', 'rom', 'mmio', 'mmio', 'doorbell', 'hole', 'avoid', 'window'),
      hotplug: fc.boolean(),
      base: fc.nat(40),
      pages: fc.integer({ min: 1, max: 12 }),
      over: fc.option(fc.nat(9), { nil: undefined, freq: 3 }),
    }),
    { minLength: 2, maxLength: 10 },
  )
  .map((drafts) => drafts.map((draft, index) => ({ ...draft, name: `r${index}`, hotplug: draft.hotplug && draft.kind === 'ram', over: draft.over === undefined || draft.over >= drafts.length || draft.over === index ? undefined : draft.over })));

function layoutOf(list: readonly Plot[]): string {
  const lines = list.map(({ kind, name, base, pages, over, hotplug }) => {
    const words = `${kind} ${name} at ${base * 4096} size ${pages * 4} KiB`;
    return `  ${words}${kind === 'window' ? ' for memory' : ''}${hotplug ? ' hotplug dimm' : ''}${over === undefined ? '' : ` over r${over}`}`;
  });
  return `vm a {\n${lines.join('\n')}\n}\n`;
}

/** Pairs that meet, found page by page and pair by pair. */
function naivePairs(list: readonly Plot[]): string[] {
  const pagesOf = (plot: Plot): Set<number> => new Set(Array.from({ length: plot.pages }, (_, index) => plot.base + index));
  const isIn = (inner: Plot, outer: Plot): boolean => {
    const belongs = (outer.kind === 'mmio' && inner.kind === 'doorbell') || (outer.kind === 'window' && inner.hotplug);
    return belongs && [...pagesOf(inner)].every((page) => pagesOf(outer).has(page));
  };
  const isOver = (upper: Plot, lower: Plot): boolean => upper.over !== undefined && list[upper.over] === lower;
  const mayMeet = (left: Plot, right: Plot): boolean =>
    left.kind === 'avoid' || right.kind === 'avoid' || isOver(left, right) || isOver(right, left) || isIn(left, right) || isIn(right, left);
  const seen = (left: Plot, right: Plot): boolean => {
    const hidden = new Set(list.filter((third) => isOver(third, left) || isOver(third, right)).flatMap((third) => [...pagesOf(third)]));
    return [...pagesOf(left)].some((page) => pagesOf(right).has(page) && !hidden.has(page));
  };
  const told = (inner: Plot, other: Plot): boolean => list.some((outer) => outer !== other && isIn(inner, outer) && !mayMeet(outer, other) && seen(outer, other));
  const pairs: string[] = [];
  for (const [index, later] of list.entries()) {
    for (const earlier of list.slice(0, index)) {
      if (!mayMeet(earlier, later) && seen(earlier, later) && !told(earlier, later) && !told(later, earlier)) pairs.push(`${later.name} ${earlier.name}`);
    }
  }
  return pairs.sort();
}

/** Layouts on the Arm host, with RAM around the doorbell window and around what the second card keeps. */
interface Guest {
  readonly head: readonly string[];
  readonly regions: readonly string[];
  readonly tail: readonly string[];
}

const RAM_NAMES = ['a', 'b', 'c', 'd', 'e'];

/** RAM in disjoint places of whole pages; sizes are in 4 KiB pages, `gap` before each. */
const disjointRam = fc
  .record({
    start: fc.constantFrom(0, 0x7f00, 0x7fff, 0x8000, 0x8080, 0x8100, 0x5_ff00, 0x6_0000, 0xffff_ff00),
    pieces: fc.array(fc.record({ gap: fc.constantFrom(0, 1, 0x100), pages: fc.constantFrom(1, 2, 0x80, 0x100, 0x200, 0x4_0000), odd: fc.constantFrom(0, 0, 0, 0x200) }), { minLength: 1, maxLength: 5 }),
  })
  .map(({ start, pieces }) => {
    let next = start * 4096;
    return pieces.map(({ gap, pages, odd }, index) => {
      const base = next + gap * 4096;
      next = base + pages * 4096;
      return `ram ${RAM_NAMES[index]} at 0x${base.toString(16)} size 0x${(pages * 4096 - odd).toString(16)}`;
    });
  });

const guests: fc.Arbitrary<Guest> = fc.record({
  head: fc.record({
    vmm: fc.constantFrom('generic', 'qemu'),
    stance: fc.constantFrom('reject', 'carve', 'tolerate'),
  }).map(({ vmm, stance }) => [`vmm ${vmm}`, `on-overlap ${stance}`]),
  regions: fc.tuple(
    disjointRam,
    fc.subarray(['avoid hole at 0x800_0000 size 1 MiB', 'mmio uart at 0x900_0000 size 4 KiB', 'doorbell msi at 0x7ff_f040 size 4', 'rom flash at 0x7f0_0000 size 64 KiB']),
  ).map(([ram, others]) => [...ram, ...others]),
  tail: fc.tuple(
    fc.constantFrom<string[][]>([], ['map first to a'], ['map first size 4 KiB to a', 'map again to a'], ['map far at 0x8_0000_0000 to a']),
    fc.constantFrom('assign nic', 'assign nic, gpu', 'assign gpu hotplug', 'assign nic\n  assign gpu hotplug'),
  ).map(([maps, assign]) => [...maps, assign]),
});

const hosts = fc.record({ contract: fc.constantFrom('type1', 'iommufd', 'none'), kernel: fc.constantFrom('5.3', '6.1', '6.12'), bits: fc.constantFrom(32, 44) })
  .map(({ contract, kernel, bits }) => `host box {${ARM.replace('kernel 6.6', `kernel ${kernel}\n  contract ${contract}`).replace('bits 48', `bits ${bits}`)}}\n`);

const textOf = ({ head, regions, tail }: Guest): string => `import "host.vmlayout"\nvm a on box {\n  ${[...head, ...regions, ...tail].join('\n  ')}\n}\n`;

describe('overlaps, in random layouts', () => {
  it('of regions are those that a look at each pair finds', () => {
    fc.assert(
      fc.property(plots, (list) => {
        const { result } = check(layoutOf(list));
        const messages = result.findings.filter(({ rule }) => rule === 'region-overlap').map(({ message }) => message);
        const pairs = messages.map((message) => /^`(\w+)` (?:lies in|covers|meets) `(\w+)`/.exec(message)?.slice(1).join(' '));
        assert.deepEqual(pairs.sort(), naivePairs(list));
      }),
      { numRuns: 400 },
    );
  });

  it('are answered alike in whatever order regions that don’t meet are declared', () => {
    const shuffled = fc.tuple(guests, hosts).chain(([guest, host]) =>
      fc.shuffledSubarray([...guest.regions], { minLength: guest.regions.length }).map((regions) => ({ host, one: guest, other: { ...guest, regions } })));
    fc.assert(
      fc.property(shuffled, ({ host, one, other }) => {
        fc.pre(!checkOn(host, textOf(one)).result.findings.some(({ rule }) => rule === 'region-overlap' || rule === 'map-overlap'));
        const errnos = (guest: Guest): string[] =>
          (checkOn(host, textOf(guest)).result.vms[0]?.plan?.maps ?? []).map(({ name, verdict }) => `${name} ${verdict.errno}`).sort();
        assert.deepEqual(errnos(other), errnos(one));
      }),
    );
  });

  it('are told of every mapping that is refused, and of every device that can’t come', () => {
    fc.assert(
      fc.property(guests, hosts, (guest, host) => {
        const { result } = checkOn(host, textOf(guest));
        const plan = result.vms[0]?.plan;
        const blamed = new Set(result.findings.filter(({ level }) => level === 'error').map(({ element }) => element));
        for (const map of plan?.attachedAtBoot ? plan.maps : []) {
          // Where there is nobody to ask, that is told at the first device.
          const owner = map.verdict.cause === 'no-iommufd' ? plan?.attach[0]?.assignment.element : map.written?.element ?? map.region?.element;
          if (map.verdict.errno !== 'ok') assert.ok(blamed.has(owner), `${map.name}: ${map.verdict.errno} ${map.verdict.cause}, and no error is told`);
        }
        for (const { assignment, verdict } of plan?.hotplug ?? []) {
          const told = blamed.size > 0 || result.findings.some(({ rule, element }) => rule === 'hotplug-device' && element === assignment.element);
          assert.ok(verdict.errno === 'ok' || told, `${assignment.name}: ${verdict.errno} ${verdict.cause}, and nothing is told`);
        }
      }),
      { numRuns: 300 },
    );
  });

  it('are mended by every fix that is offered: the finding goes, no error comes', () => {
    fc.assert(
      fc.property(guests, hosts, (guest, host) => {
        const checked = checkOn(host, textOf(guest));
        for (const finding of checked.result.findings) {
          for (const offer of offersOf(checked, finding)) {
            const after = checkOn(host, applyOffer(checked, offer));
            assert.ok(!moreErrors(checked, after), `${offer.title}\n${after.text}`);
            const same = after.result.findings.filter(({ rule, message }) => rule === finding.rule && message === finding.message);
            const before = checked.result.findings.filter(({ rule, message }) => rule === finding.rule && message === finding.message);
            assert.ok(same.length < before.length, offer.title);
          }
        }
      }),
      { numRuns: 150 },
    );
  }).timeout(60_000);
});

/** Whether some rule has more errors after a fix than before. */
function moreErrors(before: Checked, after: Checked): boolean {
  const count = ({ result }: Checked, rule: string): number => result.findings.filter((finding) => finding.rule === rule && finding.level === 'error').length;
  return after.result.findings.some(({ rule }) => count(after, rule) > count(before, rule));
}
