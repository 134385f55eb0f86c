import assert from 'node:assert/strict';
import fc from 'fast-check';
import { GIB, KIB, MIB } from '../../server/core/layout/address.js';
import { rangeOf } from '../../server/core/layout/intervals.js';
import {
  type AttachRequest, type Container, type ContainerOptions, type KeptKind, type KeptRange, type MapRequest,
  openContainer, parseKernel, type Step,
} from '../../server/core/dma/contract.js';

const PAGE = 4n * KIB;

const open = (contract: ContainerOptions['contract'], kernel: string, more: Partial<ContainerOptions> = {}): Container =>
  openContainer({ contract, kernel: parseKernel(kernel) ?? { major: 0, minor: 0 }, hostPage: PAGE, ...more });

const kept = (kind: KeptKind, base: bigint, size: bigint): KeptRange => ({ kind, name: kind, range: rangeOf(base, size) });

const DOORBELL = kept('sw-msi', 0x800_0000n, MIB);
const LOCAL_APIC = kept('msi', 0xfee0_0000n, MIB);

const group = (ranges: readonly KeptRange[], more: Partial<AttachRequest> = {}): AttachRequest => ({
  name: 'group', model: 'vt-d', aperture: rangeOf(0n, 1n << 48n), pageSizes: [PAGE, 2n * MIB, GIB], kept: ranges, ...more,
});

const memory = (iova: bigint, size: bigint, more: Partial<MapRequest> = {}): MapRequest =>
  ({ iova, size, offset: 0n, access: 'rw', ...more });

const attached = (contract: ContainerOptions['contract'], kernel: string, ranges: readonly KeptRange[], more: Partial<ContainerOptions> = {}): Container => {
  const [container, verdict] = open(contract, kernel, more).attach(group(ranges));
  assert.equal(verdict.errno, 'ok');
  return container;
};

/** Everything mapped in turn; each must go well. */
const mapped = (container: Container, ...requests: readonly MapRequest[]): Container =>
  requests.reduce((before, request) => {
    const [after, verdict] = before.map(request);
    assert.equal(verdict.errno, 'ok', verdict.cause);
    return after;
  }, container);

/** `EINVAL reserved`, or `ok`. */
const told = ([, { errno, cause }]: Step): string => (cause ? `${errno} ${cause}` : errno);

describe('contract: kernel versions', () => {
  it('are read from what people write', () => {
    assert.deepEqual(parseKernel('6.6'), { major: 6, minor: 6 });
    assert.deepEqual(parseKernel('v5.4-rc2'), { major: 5, minor: 4 });
    assert.deepEqual(parseKernel('6.12.95+deb12-amd64'), { major: 6, minor: 12 });
    assert.equal(parseKernel('6'), undefined);
    assert.equal(parseKernel('Linux'), undefined);
  });
});

describe('contract: type1 maps', () => {
  const server = attached('type1', '7.2', [DOORBELL]);

  it('everything that lies inside one usable range', () => {
    assert.equal(told(server.map(memory(0x8100000n, 4n * GIB))), 'ok');
    assert.equal(told(server.map(memory(0x7fff000n, PAGE))), 'ok');
  });

  it('nothing that shares a byte with a kept range, and says which', () => {
    const [, verdict] = server.map(memory(0n, GIB));
    assert.deepEqual(verdict, { errno: 'EINVAL', cause: 'reserved', kept: DOORBELL, witness: DOORBELL.range });
  });

  it('nothing beyond the aperture, and says from where', () => {
    const [, verdict] = server.map(memory((1n << 48n) - GIB, 2n * GIB));
    assert.deepEqual(verdict, { errno: 'EINVAL', cause: 'aperture', witness: rangeOf(1n << 48n, GIB) });
  });

  it('nothing twice, and says what was there', () => {
    const first = memory(GIB, GIB);
    const [, verdict] = mapped(server, first).map(memory(2n * GIB - PAGE, GIB));
    assert.deepEqual(verdict, { errno: 'EEXIST', cause: 'existing-map', existing: first, witness: rangeOf(2n * GIB - PAGE, PAGE) });
  });

  it('only what is aligned to the page of host and IOMMU, vaddr included', () => {
    assert.equal(told(server.map(memory(0x800n, PAGE))), 'EINVAL alignment');
    assert.equal(told(server.map(memory(0n, PAGE, { offset: 0x800n }))), 'EINVAL alignment');
    const [large] = open('type1', '7.2', { hostPage: 64n * KIB }).attach(group([]));
    assert.equal(large.alignment(), 64n * KIB);
    assert.equal(told(large.map(memory(PAGE, 64n * KIB))), 'EINVAL alignment');
  });

  it('what ends at 2^64, and nothing that goes on', () => {
    const [amd] = open('type1', '7.2').attach(group([], { aperture: rangeOf(0n, 1n << 64n) }));
    assert.equal(told(amd.map(memory((1n << 64n) - PAGE, PAGE))), 'ok');
    assert.equal(told(amd.map(memory((1n << 64n) - PAGE, 2n * PAGE))), 'EOVERFLOW wrap');
    const [old] = open('type1', '6.12').attach(group([], { aperture: rangeOf(0n, 1n << 64n) }));
    assert.equal(told(old.map(memory((1n << 64n) - PAGE, 2n * PAGE))), 'EINVAL wrap');
  });

  it('nothing before a group is attached', () => {
    assert.equal(told(open('type1', '7.2').map(memory(0n, PAGE))), 'EINVAL unattached');
    assert.deepEqual(open('type1', '7.2').usable(), []);
  });

  it('a BAR, and counts no memory for it', () => {
    const [container, verdict] = attached('type1', '7.2', [], { memlock: 0n }).map(memory(0n, MIB, { kind: 'bar' }));
    assert.equal(verdict.errno, 'ok');
    assert.equal(container.lockedBytes, 0n);
  });
});

describe('contract: type1 checks in this order', () => {
  const full = mapped(attached('type1', '7.2', [DOORBELL], { dmaMaps: 1, memlock: PAGE }), memory(GIB, PAGE));
  const bad: [string, MapRequest][] = [
    ['EINVAL empty', memory((1n << 64n) - 1n, 0n, { access: '' })],
    ['EOVERFLOW wrap', memory((1n << 64n) - PAGE, 2n * PAGE + 1n, { access: '' })],
    ['EINVAL access', memory(GIB + 1n, PAGE, { access: '' })],
    ['EINVAL alignment', memory(GIB + 1n, PAGE)],
    ['EEXIST existing-map', memory(0n, 2n * GIB)],
    ['ENOSPC limit', memory(0x800_0000n, PAGE)],
  ];
  for (const [expected, request] of bad) it(expected, () => assert.equal(told(full.map(request)), expected));

  it('wraps in the memory as in the IOVA', () => {
    const end = 1n << 64n;
    assert.equal(told(full.map(memory(0n, PAGE, { offset: end - PAGE }))), 'ENOSPC limit');
    assert.equal(told(full.map(memory(0n, 2n * PAGE, { offset: end - PAGE }))), 'EOVERFLOW wrap');
  });

  it('EINVAL reserved, before memory is counted', () => {
    const poor = attached('type1', '7.2', [DOORBELL], { memlock: 0n });
    assert.equal(told(poor.map(memory(0x800_0000n, PAGE))), 'EINVAL reserved');
    assert.equal(told(poor.map(memory(0n, PAGE))), 'ENOMEM memlock');
  });
});

describe('contract: the kernel decides', () => {
  const over = memory(0n, GIB);

  it('reserved ranges and apertures are checked from 5.4 on', () => {
    assert.equal(told(attached('type1', '5.3', [DOORBELL]).map(over)), 'ok');
    assert.equal(told(attached('type1', '5.4', [DOORBELL]).map(over)), 'EINVAL reserved');
    const before = mapped(attached('type1', '5.3', []), over);
    assert.equal(told(before.attach(group([DOORBELL]))), 'ok');
    assert.equal(told(before.attach(group([], { aperture: rangeOf(GIB, GIB) }))), 'ok');
  });

  it('the number of mappings is limited from 5.1 on', () => {
    const fill = (kernel: string): Step =>
      mapped(attached('type1', kernel, [], { dmaMaps: 1 }), memory(0n, PAGE)).map(memory(PAGE, PAGE));
    assert.equal(told(fill('5.0')), 'ok');
    assert.equal(told(fill('5.1')), 'ENOSPC limit');
  });

  it('a group that the firmware maps 1:1 is refused, except on old AMD', () => {
    const direct = kept('direct', 0x7000_0000n, MIB);
    const attach = (kernel: string, model: string): Step => open('type1', kernel).attach(group([direct], { model }));
    assert.equal(told(attach('7.2', 'vt-d')), 'EINVAL direct');
    assert.equal(told(attach('6.12', 'amd-v1')), 'EINVAL direct');
    assert.equal(told(attach('6.1', 'vt-d')), 'EPERM direct');
    for (const kernel of ['6.1', '7.2']) assert.equal(attach(kernel, 'vt-d')[1].kept, direct);
    const [amd, verdict] = attach('6.1', 'amd-v1');
    assert.equal(verdict.errno, 'ok');
    assert.equal(told(amd.map(memory(0x7000_0000n, PAGE))), 'EINVAL reserved');
  });
});

describe('contract: memory that may be locked', () => {
  const limited = (limit: bigint): Container => attached('type1', '7.2', [], { memlock: limit });

  it('is exactly the limit', () => {
    assert.equal(told(limited(GIB).map(memory(0n, GIB))), 'ok');
    assert.equal(told(limited(GIB).map(memory(0n, GIB + PAGE))), 'ENOMEM memlock');
  });

  it('counts the same memory at two IOVAs twice, and what is unmapped no more', () => {
    const twice = mapped(limited(2n * GIB), memory(0n, GIB), memory(GIB, GIB));
    assert.equal(twice.lockedBytes, 2n * GIB);
    assert.equal(told(twice.map(memory(4n * GIB, PAGE))), 'ENOMEM memlock');
    const [less] = twice.unmap(rangeOf(GIB, GIB));
    assert.equal(told(less.map(memory(4n * GIB, GIB))), 'ok');
  });

  it('is no matter to what locks nothing, even past the limit', () => {
    const [past, verdict] = limited(PAGE).map(memory(0n, PAGE));
    assert.equal(verdict.errno, 'ok');
    assert.equal(told(past.map(memory(GIB, PAGE, { memlocked: false }))), 'ok');
    assert.equal(told(past.map(memory(GIB, PAGE, { kind: 'bar' }))), 'ok');
    assert.equal(told(past.map(memory(GIB, PAGE))), 'ENOMEM memlock');
  });

  it('leaves out what isn\'t locked', () => {
    assert.equal(told(limited(0n).map(memory(0n, GIB, { memlocked: false }))), 'ok');
  });

  it('in iommufd is counted when the first device comes', () => {
    const early = mapped(open('iommufd', '7.2', { memlock: PAGE }), memory(0n, GIB));
    assert.equal(early.lockedBytes, 0n);
    assert.equal(told(early.attach(group([]))), 'ENOMEM memlock');
    const enough = mapped(open('iommufd', '7.2', { memlock: GIB }), memory(0n, GIB));
    const [full, verdict] = enough.attach(group([]));
    assert.equal(verdict.errno, 'ok');
    assert.equal(full.lockedBytes, GIB);
    assert.equal(told(full.map(memory(GIB, PAGE))), 'ENOMEM memlock');
    assert.equal(told(full.map(memory(GIB, PAGE, { memlocked: false }))), 'ok');
    assert.equal(told(full.attach(group([]))), 'ok');
    assert.equal(told(mapped(attached('iommufd', '7.2', []), memory(0n, GIB)).map(memory(GIB, GIB))), 'ok');
  });
});

describe('contract: groups that share a type1 container', () => {
  it('unite what they keep, without direct-relaxable, and intersect their apertures', () => {
    const relaxable = kept('direct-relaxable', 0n, 16n * MIB);
    const [both] = attached('type1', '7.2', [LOCAL_APIC, relaxable])
      .attach(group([DOORBELL], { aperture: { base: PAGE, end: 1n << 39n } }));
    assert.deepEqual(both.usable(), [
      { base: PAGE, end: 0x800_0000n }, { base: 0x810_0000n, end: 0xfee0_0000n }, { base: 0xfef0_0000n, end: 1n << 39n },
    ]);
  });

  it('have the pages that all of them have', () => {
    const [both] = attached('type1', '7.2', []).attach(group([], { pageSizes: [8n * KIB, 2n * MIB, GIB] }));
    assert.equal(both.alignment(), 2n * MIB);
  });

  it('take the coarsest page', () => {
    const [both, verdict] = attached('type1', '7.2', []).attach(group([], { pageSizes: [64n * KIB, 512n * MIB] }));
    assert.equal(verdict.errno, 'ok');
    assert.equal(both.alignment(), 64n * KIB);
  });

  it('are refused where an existing mapping is in the way', () => {
    const full = mapped(attached('type1', '7.2', []), memory(0n, 2n * GIB));
    const [same, verdict] = full.attach(group([DOORBELL]));
    assert.equal(same, full);
    assert.deepEqual(verdict, {
      errno: 'EINVAL', cause: 'reserved', kept: DOORBELL, existing: memory(0n, 2n * GIB), witness: DOORBELL.range,
    });
    assert.equal(told(full.attach(group([], { aperture: rangeOf(0n, GIB) }))), 'EINVAL aperture');
    assert.equal(told(full.attach(group([], { aperture: rangeOf(GIB, 4n * GIB) }))), 'EINVAL aperture');
    assert.equal(told(full.attach(group([kept('reserved', GIB, 0n)]))), 'ok');
    assert.equal(told(full.attach(group([kept('direct-relaxable', 0n, GIB)]))), 'ok');
    const small = mapped(attached('type1', '7.2', []), memory(PAGE, PAGE));
    assert.deepEqual(small.attach(group([], { pageSizes: [64n * KIB] }))[1], { errno: 'EINVAL', cause: 'alignment', existing: memory(PAGE, PAGE), page: 64n * KIB });
    const even = mapped(attached('type1', '7.2', []), memory(64n * KIB, 64n * KIB));
    assert.equal(told(even.attach(group([], { pageSizes: [64n * KIB] }))), 'ok');
    assert.deepEqual([...even.maps()], [memory(64n * KIB, 64n * KIB)]);
  });

  it('are refused where they have no address in common', () => {
    const low = open('type1', '7.2').attach(group([], { aperture: rangeOf(0n, GIB) }))[0];
    assert.equal(told(low.attach(group([], { aperture: rangeOf(GIB, GIB) }))), 'EINVAL disjoint-aperture');
    assert.equal(told(low.attach(group([kept('reserved', 0n, GIB)]))), 'EINVAL nothing-left');
  });

  it('may have a hardware and a software MSI window', () => {
    assert.equal(told(open('type1', '7.2').attach(group([DOORBELL, LOCAL_APIC]))), 'ok');
  });
});

describe('contract: type1 unmaps', () => {
  const two = mapped(attached('type1', '7.2', []), memory(0n, GIB), memory(2n * GIB, GIB));

  it('whole mappings, as many as lie in the range', () => {
    const [rest, verdict] = two.unmap(rangeOf(0n, 4n * GIB));
    assert.deepEqual(verdict, { errno: 'ok', unmapped: 2n * GIB });
    assert.equal(rest.mapCount, 0);
  });

  it('nothing at all, without complaint', () => {
    assert.deepEqual(two.unmap(rangeOf(GIB, GIB))[1], { errno: 'ok', unmapped: 0n });
  });

  it('no part of one', () => {
    const [same, verdict] = two.unmap(rangeOf(0n, 2n * GIB + PAGE));
    assert.equal(same, two);
    assert.deepEqual(verdict, { errno: 'EINVAL', cause: 'bisect', existing: memory(2n * GIB, GIB), witness: rangeOf(2n * GIB, PAGE) });
    assert.equal(told(two.unmap(rangeOf(PAGE, GIB - PAGE))), 'EINVAL bisect');
    assert.equal(told(two.unmap(rangeOf(GIB, 2n * GIB - PAGE))), 'EINVAL bisect');
    assert.equal(told(two.unmap(rangeOf(0n, 3n * GIB - PAGE))), 'EINVAL bisect');
  });

  for (const [expected, range] of [
    ['EINVAL empty', rangeOf(1n, 0n)],
    ['EINVAL alignment', rangeOf(1n, GIB - 1n)],
    ['EINVAL alignment', rangeOf(0n, GIB - 1n)],
    ['EINVAL alignment', rangeOf(1n << 64n, 1n)],
    ['EOVERFLOW wrap', rangeOf((1n << 64n) - PAGE, 2n * PAGE)],
    ['ok', rangeOf((1n << 64n) - PAGE, PAGE)],
  ] as const) {
    it(`${expected} for ${range.base}, ${range.end - range.base} bytes`, () => assert.equal(told(two.unmap(range)), expected));
  }

  it('nothing before a group is attached', () => {
    assert.equal(told(open('type1', '7.2').unmap(rangeOf(0n, PAGE))), 'EINVAL unattached');
    assert.equal(told(open('type1', '7.2').unmapAll()), 'EINVAL unattached');
  });

  it('everything', () => {
    const [rest, verdict] = two.unmapAll();
    assert.equal(rest.mapCount, 0);
    assert.deepEqual(verdict, { errno: 'ok', unmapped: 2n * GIB });
  });
});

describe('contract: iommufd', () => {
  const device = attached('iommufd', '7.2', [DOORBELL]);

  it('checks the range before the mappings there are', () => {
    const next = mapped(device, memory(0x7fff000n, PAGE));
    assert.equal(told(next.map(memory(0x7fff000n, 2n * PAGE))), 'EINVAL reserved');
    assert.equal(told(next.map(memory(0x7ffe000n, 2n * PAGE))), 'EEXIST existing-map');
  });

  it('says what is in the way', () => {
    const first = memory(GIB, GIB);
    assert.deepEqual(mapped(device, first).map(memory(2n * GIB - PAGE, GIB))[1], {
      errno: 'EEXIST', cause: 'existing-map', existing: first, witness: rangeOf(2n * GIB - PAGE, PAGE),
    });
    const bar = memory(0n, MIB, { kind: 'bar' });
    assert.deepEqual(device.map(bar)[1], { errno: 'EFAULT', cause: 'bar', witness: rangeOf(0n, MIB) });
  });

  it('has no limit on mappings and takes no BAR', () => {
    const two = mapped(attached('iommufd', '7.2', [], { dmaMaps: 1 }), memory(0n, PAGE), memory(PAGE, PAGE));
    assert.equal(two.mapCount, 2);
    assert.equal(told(device.map(memory(0n, MIB, { kind: 'bar' }))), 'EFAULT bar');
  });

  it('takes any byte before the first device', () => {
    const empty = open('iommufd', '7.2');
    assert.equal(empty.alignment(), 1n);
    assert.deepEqual(empty.usable(), [{ base: 0n, end: 1n << 64n }]);
    assert.equal(told(mapped(empty, memory(1n, 1n)).attach(group([]))), 'EADDRINUSE alignment');
    assert.equal(told(mapped(empty, memory(0n, GIB)).attach(group([DOORBELL]))), 'EADDRINUSE reserved');
    assert.equal(told(mapped(empty, memory(1n << 48n, GIB)).attach(group([]))), 'EADDRINUSE aperture');
    assert.equal(told(mapped(empty, memory(0n, MIB, { kind: 'bar' })).attach(group([]))), 'EFAULT bar');
  });

  it('says which mapping a new device meets', () => {
    const early = memory(0n, GIB);
    const before = mapped(open('iommufd', '7.2'), early);
    assert.deepEqual(before.attach(group([DOORBELL]))[1], {
      errno: 'EADDRINUSE', cause: 'reserved', kept: DOORBELL, existing: early, witness: DOORBELL.range,
    });
    assert.deepEqual(before.attach(group([], { aperture: rangeOf(MIB, GIB) }))[1], {
      errno: 'EADDRINUSE', cause: 'aperture', existing: early, witness: rangeOf(0n, MIB),
    });
    const odd = memory(1n, 1n);
    assert.deepEqual(mapped(open('iommufd', '7.2'), odd).attach(group([]))[1], { errno: 'EADDRINUSE', cause: 'alignment', existing: odd, page: PAGE });
    assert.equal(told(before.attach(group([kept('direct-relaxable', 0n, GIB)]))), 'ok');
  });

  it('keeps what any device keeps, and the coarsest page', () => {
    const [both] = device.attach(group([LOCAL_APIC]));
    assert.deepEqual(both.usable(), [
      { base: 0n, end: 0x800_0000n }, { base: 0x810_0000n, end: 0xfee0_0000n }, { base: 0xfef0_0000n, end: 1n << 48n },
    ]);
    const [large] = open('iommufd', '7.2', { hostPage: 64n * KIB }).attach(group([], { pageSizes: [64n * KIB] }));
    assert.equal(large.attach(group([]))[0].alignment(), 64n * KIB);
  });

  it('takes devices again whose alignment holds already', () => {
    const page = mapped(open('iommufd', '7.2'), memory(PAGE, PAGE)).attach(group([]))[0];
    assert.equal(told(page.attach(group([]))), 'ok');
  });

  it('refuses two software MSI windows, and no number of hardware ones', () => {
    const windows = (...kinds: KeptKind[]): string => told(open('iommufd', '7.2').attach(group(kinds.map((kind, index) => kept(kind, BigInt(index) * GIB, MIB)))));
    assert.equal(windows('sw-msi', 'sw-msi'), 'EINVAL mixed-msi');
    assert.equal(windows('sw-msi', 'msi', 'reserved'), 'EINVAL mixed-msi');
    assert.equal(windows('msi', 'msi'), 'ok');
    assert.equal(windows('sw-msi', 'reserved', 'reserved'), 'ok');
    assert.equal(windows('reserved', 'reserved'), 'ok');
    const [, verdict] = open('iommufd', '7.2').attach(group([DOORBELL, LOCAL_APIC]));
    assert.equal(verdict.kept, LOCAL_APIC);
  });

  it('refuses a device with both kinds of MSI window, and an IOMMU whose pages are larger than the host\'s', () => {
    assert.equal(told(open('iommufd', '7.2').attach(group([DOORBELL, LOCAL_APIC]))), 'EINVAL mixed-msi');
    assert.equal(told(open('iommufd', '7.2').attach(group([], { pageSizes: [64n * KIB] }))), 'EINVAL page-size');
  });

  it('unmaps up to the first mapping that sticks out, and keeps what it did', () => {
    const two = mapped(device, memory(GIB, GIB), memory(2n * GIB, GIB));
    const [rest, verdict] = two.unmap(rangeOf(GIB, GIB + PAGE));
    assert.deepEqual(verdict, {
      errno: 'ENOENT', cause: 'bisect', existing: memory(2n * GIB, GIB), unmapped: GIB, witness: rangeOf(2n * GIB, PAGE),
    });
    assert.deepEqual([...rest.maps()], [memory(2n * GIB, GIB)]);
    assert.deepEqual(rest.unmap(rangeOf(0n, GIB))[1], { errno: 'ENOENT', cause: 'nothing-there', unmapped: 0n });
    assert.deepEqual(two.unmap(rangeOf(GIB, 2n * GIB))[1], { errno: 'ok', unmapped: 2n * GIB });
    assert.deepEqual(two.unmapAll()[1], { errno: 'ok', unmapped: 2n * GIB });
    assert.deepEqual(device.unmapAll()[1], { errno: 'ok', unmapped: 0n });
  });

  for (const [expected, range] of [
    ['EINVAL empty', rangeOf(1n, 0n)],
    ['EOVERFLOW wrap', rangeOf((1n << 64n) - PAGE, 2n * PAGE)],
    ['ENOENT nothing-there', rangeOf((1n << 64n) - PAGE, PAGE)],
  ] as const) {
    it(`answers ${expected} to an unmap of ${range.base}, ${range.end - range.base} bytes`, () => assert.equal(told(device.unmap(range)), expected));
  }
});

describe('contract: iommufd checks in this order', () => {
  const last = (1n << 64n) - 1n;
  const poor = mapped(attached('iommufd', '7.2', [DOORBELL], { memlock: PAGE }), memory(GIB, PAGE));
  const bad: [string, MapRequest][] = [
    ['EOVERFLOW wrap', memory(last, 1n, { access: '' })],
    ['EOVERFLOW wrap', memory(0n, last, { access: '' })],
    ['EINVAL access', memory(0n, PAGE, { access: '', offset: last })],
    ['EOVERFLOW wrap', memory(1n, PAGE, { offset: last - PAGE + 1n })],
    ['EINVAL empty', memory(1n, 0n)],
    ['EINVAL alignment', memory(last - 1n, PAGE)],
    ['EINVAL alignment', memory(GIB, PAGE + 1n)],
    ['EINVAL alignment', memory(GIB + 1n, PAGE)],
    ['EOVERFLOW wrap', memory(last + 1n - PAGE, 2n * PAGE)],
    ['EINVAL aperture', memory(last + 1n - PAGE, PAGE)],
    ['EINVAL reserved', memory(0x800_0000n, 2n * GIB)],
    ['EEXIST existing-map', memory(GIB, PAGE, { offset: 1n })],
    ['EINVAL alignment', memory(2n * GIB, PAGE, { offset: 1n })],
    ['ENOMEM memlock', memory(2n * GIB, PAGE)],
  ];
  for (const [expected, request] of bad) {
    it(`${expected} for 0x${request.iova.toString(16)}, 0x${request.size.toString(16)} bytes at 0x${request.offset.toString(16)}`, () =>
      assert.equal(told(poor.map(request)), expected));
  }

  it('can have the last address but not the last page of memory', () => {
    const whole = open('iommufd', '7.2');
    assert.equal(told(whole.map(memory(last - 1n, 1n))), 'ok');
    assert.equal(told(whole.map(memory(0n, last - 1n))), 'ok');
    assert.equal(told(whole.map(memory(0n, PAGE, { offset: last - PAGE }))), 'ok');
  });
});

describe('contract: none', () => {
  it('refuses nothing, and still knows what is usable', () => {
    const [container] = open('none', '7.2').attach(group([DOORBELL]));
    assert.equal(told(container.map(memory(0n, GIB))), 'ok');
    assert.equal(container.usable().length, 2);
    assert.equal(told(container.attach(group([kept('direct', 0n, GIB)]))), 'ok');
    assert.deepEqual(container.attach(group([], { aperture: rangeOf(1n << 50n, GIB) }))[0].usable(), []);
  });
});

/** Pages 0 to 63 of an aperture of 60 with a kept range at 20 to 23: map (true) or unmap some of them. */
const requests = fc.array(
  fc.tuple(fc.boolean(), fc.integer({ min: 0, max: 63 }), fc.integer({ min: 1, max: 8 })), { maxLength: 60, size: 'max' });

describe('contract: as a model page by page', () => {
  const small = group([kept('reserved', 20n * PAGE, 4n * PAGE)], { aperture: rangeOf(0n, 60n * PAGE) });

  it('type1', () => fc.assert(fc.property(requests, (steps) => {
    let [container] = open('type1', '7.2', { dmaMaps: 6 }).attach(small);
    let maps: [first: number, end: number][] = [];
    for (const [map, first, pages] of steps) {
      const end = first + pages;
      const met = maps.filter((other) => first < other[1] && other[0] < end);
      const range = rangeOf(BigInt(first) * PAGE, BigInt(pages) * PAGE);
      const [after, verdict] = map ? container.map(memory(range.base, range.end - range.base)) : container.unmap(range);
      container = after;
      if (map) {
        const unusable = end > 60 || (first < 24 && end > 20);
        const expected = met.length ? 'EEXIST' : maps.length === 6 ? 'ENOSPC' : unusable ? 'EINVAL' : 'ok';
        assert.equal(verdict.errno, expected);
        if (expected === 'ok') maps.push([first, end]);
      } else {
        const cut = met.some((other) => other[0] < first || other[1] > end);
        assert.equal(verdict.errno, cut ? 'EINVAL' : 'ok');
        if (!cut) maps = maps.filter((other) => !met.includes(other));
      }
      assert.equal(container.mapCount, maps.length);
    }
  })));
});
