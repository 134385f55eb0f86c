import assert from 'node:assert/strict';
import { GIB, KIB, largest, MIB, smallest } from '../../server/core/layout/address.js';
import { atLeast } from '../../server/core/dma/contract.js';
import { iommuFormat } from '../../server/core/dma/formats.js';
import {
  addLeaves, type Leaves, leafSegments, type LeafSegments, leavesOf, usableLeafSizes,
} from '../../server/core/dma/leaves.js';
import { countTables } from '../../server/core/dma/tables.js';
import { bytesOf, type KernelRun, sizesOfBitmap, type TableMap, type TableRecord } from './kernel-records.js';
import { groupOf, kernelOf, mainGroup, openFor } from './kernel-replay.js';

/** One recorded experiment beside what the model says of it. */
export class Experiment {
  readonly run: KernelRun;
  readonly record: TableRecord;

  constructor(run: KernelRun, record: TableRecord) {
    this.run = run;
    this.record = record;
  }

  toString(): string {
    return `${this.run.run} ${this.record.name}`;
  }

  /** `disable_hugepages` maps page by page, whatever the IOMMU could do. */
  leafSizes(): bigint[] {
    const bitmap = this.run.containers.find(({ section }) => section === 'pt')?.pgsizes;
    assert.ok(bitmap);
    return this.record.disable_hugepages ? [4n * KIB] : sizesOfBitmap(bitmap);
  }

  recorded(): Leaves {
    return new Map(Object.entries(this.record.leaves).map(([size, count]) => [bytesOf(size), BigInt(count)]));
  }

  /** Levels below the root, last one first. */
  recordedTables(): bigint[] {
    const heights = Object.keys(this.record.tables_by_height).map(Number);
    const root = heights.length > 0 ? Math.max(...heights) : 1;
    return Array.from({ length: root - 1 }, (_, index) => BigInt(this.record.tables_by_height[index + 1] ?? 0));
  }

  guaranteed(): Leaves {
    return total(this.#guaranteedSegments());
  }

  isComplete(): boolean {
    return this.#accepted().every(({ phys_extents, n_phys_extents }) => phys_extents?.length === n_phys_extents && n_phys_extents);
  }

  actual(): Leaves {
    return total(this.#actualSegments());
  }

  tables(): bigint[] {
    const model = { vtd: 'vt-d', amd: 'amd-v1', smmuv3: 'smmu-v3' }[this.run.iommu];
    const format = iommuFormat({ model, hostPage: 4n * KIB });
    assert.ok(format);
    const segments = this.isComplete() ? this.#actualSegments() : this.#guaranteedSegments();
    return countTables([...segments, ...this.#probe()], format).slice(0, this.recordedTables().length);
  }

  /**
   * 6.1 and 6.12 map a page at IOVA 0 while attaching, and leave its tables behind:
   * drivers/vfio/vfio_iommu_type1.c `vfio_test_domain_fgsp`. 7.2 doesn't.
   */
  #probe(): LeafSegments[] {
    const probes = !atLeast(kernelOf(this.run), 7, 2);
    return probes ? [leafSegments({ iova: 0n, size: 4n * KIB, physical: 0n }, [4n * KIB])] : [];
  }

  /** Recorded answer, the model's answer, and which mapping it was. */
  verdicts(): [string, string, string][] {
    let [container] = openFor(this.run).attach(groupOf(this.run, mainGroup(this.run)));
    return this.record.maps.map(({ iova, size, vaddr_offset, result }) => {
      const [after, { errno }] = container.map({ iova: BigInt(iova), size: BigInt(size), offset: BigInt(vaddr_offset), access: 'rw' });
      container = after;
      return [result, errno === 'ok' ? 'OK' : errno, `${String(this)} ${iova}`];
    });
  }

  #accepted(): TableMap[] {
    return this.record.maps.filter(({ result }) => result === 'OK');
  }

  #guaranteedSegments(): LeafSegments[] {
    return this.#segments((map) => [[0n, BigInt(map.vaddr_offset), BigInt(map.size), pageOf(map.backing)]]);
  }

  #actualSegments(): LeafSegments[] {
    return this.#segments((map) =>
      (map.phys_extents ?? []).map(([offset, physical, size]) => [BigInt(offset), BigInt(physical), BigInt(size), undefined]));
  }

  /**
   * One request a piece, cut at the physical runs: offset in the mapping, physical address, size, page of the
   * backing.
   */
  #segments(runsOf: (map: TableMap) => readonly PhysicalRun[]): LeafSegments[] {
    return this.#accepted().flatMap((map) => {
      const piece = BigInt(this.record.split?.piece ?? map.size);
      const pieces = Array.from({ length: Number(BigInt(map.size) / piece) }, (_, index) => BigInt(index) * piece);
      return pieces.flatMap((start) => runsOf(map).flatMap((run) => this.#segmentsOf(map, run, start, start + piece)));
    });
  }

  #segmentsOf(map: TableMap, [offset, physical, size, contiguous]: PhysicalRun, start: bigint, end: bigint): LeafSegments[] {
    const from = largest(offset, start);
    const to = smallest(offset + size, end);
    if (from >= to) return [];
    const request = { iova: BigInt(map.iova) + from, size: to - from, physical: physical + from - offset };
    return [leafSegments(request, usableLeafSizes({ ...request, contiguous }, this.leafSizes()))];
  }
}

type PhysicalRun = readonly [offset: bigint, physical: bigint, size: bigint, contiguous: bigint | undefined];

/** The page that a backing guarantees; transparent huge pages promise the base page only. */
const pageOf = (backing: string): bigint =>
  backing.startsWith('hugetlb-1G') ? GIB : backing.startsWith('hugetlb-2M') ? 2n * MIB : 4n * KIB;

const total = (segments: readonly LeafSegments[]): Leaves =>
  segments.map(leavesOf).reduce<Leaves>(addLeaves, new Map());
