import { mappedRange, type MapRequest } from '../../server/core/dma/verdict.js';
import { alignUp, GIB } from '../../server/core/layout/address.js';
import { overlaps } from '../../server/core/layout/intervals.js';
import { formatKernel } from '../../server/core/dma/contract.js';
import type { KernelRun, TableRecord } from './kernel-records.js';
import { groupOf, kernelOf, mainGroup } from './kernel-replay.js';

/** Writes what the prober asked of a kernel as layouts: a host as the run found it, and a vm with the mappings as `map`. */

/** What a map request was made after. */
export interface Circumstances {
  readonly held: readonly MapRequest[];
  readonly memlock: bigint | undefined;
  readonly dmaMaps: number | undefined;
}

/** The layout of one request, whose map is called `probe`. Mappings that it doesn't meet are only counted. */
export function requestLayout(run: KernelRun, probe: MapRequest, { held, memlock, dmaMaps }: Circumstances): string {
  const shown = held.filter((map) => overlaps(mappedRange(map), mappedRange(probe)) || held.length < MOST_SHOWN);
  const limits = [
    ...(memlock === undefined ? [] : [`memlock ${memlock}`]),
    ...(dmaMaps === undefined ? [] : [`dma-maps ${dmaMaps - (held.length - shown.length)}`]),
  ];
  const maps = [...shown.map((map, index) => mapLine(`held${index}`, map, regionOf(map))), mapLine('probe', probe, regionOf(probe))];
  const all = [...shown, probe];
  const sizeOf = (region: string): bigint => all.filter((map) => regionOf(map) === region).reduce((most, map) => (map.offset + map.size > most ? map.offset + map.size : most), GIB);
  const regions = [`ram memory at 0 size ${hex(sizeOf('memory'))}`, ...(all.some((map) => regionOf(map) === 'registers') ? [`mmio registers at 8 EiB size ${hex(sizeOf('registers'))}`] : [])];
  return `${hostText(run, limits)}vm probed on box {\n${[...regions, ...maps, 'assign device0'].map((line) => `  ${line}\n`).join('')}}\n`;
}

const MOST_SHOWN = 200;

const regionOf = ({ kind }: MapRequest): string => (kind === 'bar' ? 'registers' : 'memory');

const mapLine = (name: string, { iova, size, offset, access }: Pick<MapRequest, 'iova' | 'size' | 'offset' | 'access'>, region: string): string =>
  `map ${name} at ${hex(iova)} size ${hex(size)} to ${region} + ${hex(offset)} access ${access === '' ? 'x' : access}`;

/** The layout of an experiment: each mapping in the pieces in which it was asked for, in order. */
export function experimentLayout(run: KernelRun, record: TableRecord): string {
  const kinds = [...new Set(record.maps.map(({ backing }) => backing))];
  const memory = kinds.flatMap((kind, index) => {
    const maps = record.maps.filter(({ backing }) => backing === kind);
    const size = alignUp(maps.reduce((most, map) => { const end = BigInt(map.vaddr_offset) + BigInt(map.size); return end > most ? end : most; }, 0n), GIB);
    return [`backing b${index} size ${hex(size)} ${backingText(kind)}`, `ram r${index} at ${hex(BigInt(index) << 44n)} size ${hex(size)} from b${index}`];
  });
  const maps = record.maps.flatMap((map, index) => piecesOf(map, record).map((piece, part) =>
    mapLine(`m${index}-p${part}`.replace('-', '_'), { ...piece, access: 'rw' }, `r${kinds.indexOf(map.backing)}`)));
  return `${hostText(run, [], record.disable_hugepages ? [4096n] : undefined)}vm probed on box {\n${[...memory, ...maps, 'assign device0'].map((line) => `  ${line}\n`).join('')}}\n`;
}

function piecesOf(map: TableRecord['maps'][number], { split }: TableRecord): { iova: bigint; size: bigint; offset: bigint }[] {
  const [iova, size, offset] = [BigInt(map.iova), BigInt(map.size), BigInt(map.vaddr_offset)];
  const piece = BigInt(split?.piece ?? map.size);
  return Array.from({ length: Number(size / piece) }, (_, index) => ({ iova: iova + BigInt(index) * piece, size: piece, offset: offset + BigInt(index) * piece }));
}

/** What the backing promises: pages of hugetlb; of transparent huge pages and all others the base page. */
const backingText = (backing: string): string =>
  backing.startsWith('hugetlb-1G') ? 'hugetlb 1 GiB' : backing.startsWith('hugetlb-2M') ? 'hugetlb 2 MiB' : backing.includes('THP') ? 'thp' : 'anonymous';

function hostText(run: KernelRun, limits: readonly string[], blocks?: readonly bigint[]): string {
  const { model, aperture, pageSizes, kept } = groupOf(run, mainGroup(run));
  const reserved = kept.map(({ range, kind }, index) => `    reserved kept${index} at ${hex(range.base)} ..= ${hex(range.end - 1n)} kind ${kind}\n`).join('');
  return `host box {
  arch ${run.arch === 'arm64' ? 'arm64' : 'x86_64'}
  kernel ${formatKernel(kernelOf(run))}
  page 4 KiB
  contract ${run.api === 'iommufd' ? 'iommufd' : 'type1'}
  iommu unit { model ${model}  blocks ${(blocks ?? pageSizes).map(hex).join(', ')}  aperture ${hex(aperture.base)} ..= ${hex(aperture.end - 1n)} }
  group 1 {
    device device0 "0000:00:01.0"
${reserved}  }
${limits.length > 0 ? `  limits { ${limits.join('  ')} }\n` : ''}}
`;
}

const hex = (value: bigint): string => `0x${value.toString(16)}`;
