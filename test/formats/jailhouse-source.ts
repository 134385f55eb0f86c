/** Writes cell configurations from tables of facts, in the way Jailhouse's own are laid out. */

export const JAILHOUSE_DATA = 'test/data/jailhouse';

export interface Row {
  readonly name: string;
  readonly physical: string;
  readonly virtual: string;
  readonly size: string;
  readonly flags: string;
}

export const rowsOf = (table: string): Row[] =>
  table.split('\n').filter((line) => line !== '' && !/^(?:#|name\t)/.test(line)).map((line) => {
    const [name = '', physical = '', virtual = '', size = '', flags = ''] = line.split('\t');
    return { name, physical, virtual, size, flags };
  });

/** The C source of a cell; of a root cell if the table tells the hypervisor's memory or interrupt controllers. */
export function configurationOf(name: string, rows: readonly Row[]): string {
  const system = rows.filter(({ flags }) => flags.startsWith('('));
  const regions = rows.filter(({ flags }) => !flags.startsWith('('));
  const isX86 = name.includes('-x86-');
  return `#include <jailhouse/types.h>
#include <jailhouse/cell-config.h>

struct {
	struct jailhouse_${system.length > 0 ? 'system header' : 'cell_desc cell'};
	struct jailhouse_memory mem_regions[${regions.length}];
} __attribute__((packed)) config = {
${system.length > 0 ? headerOf(name, system) : `\t.cell = {\n\t\t.signature = JAILHOUSE_CELL_DESC_SIGNATURE,\n\t\t.name = "${name}",\n\t},\n`}
	.mem_regions = {
${regions.map(regionOf).join('')}	},
${isX86 ? '\n\t.pio_regions = {\n\t\tPIO_RANGE(0x70, 2),\n\t},\n' : ''}};
`;
}

function headerOf(name: string, rows: readonly Row[]): string {
  const fields = rows.flatMap(({ name: field, physical, flags }) => (flags === '(ECAM)' ? [`\t\t\t.pci_mmconfig_base = ${physical},\n`] : flags === '(irqchip)' ? [`\t\t\t.arm.${field} = ${physical},\n`] : []));
  const units = rows.filter(({ flags }) => flags === '(iommu)').map(({ name: unit, physical, size }) => `\t\t\t\t{\n\t\t\t\t\t.type = JAILHOUSE_${unit.toUpperCase()},\n\t\t\t\t\t.base = ${physical},\n\t\t\t\t\t.size = ${size},\n\t\t\t\t},\n`);
  const hypervisor = rows.find(({ flags }) => flags === '(hypervisor)');
  return `	.header = {
		.signature = JAILHOUSE_SYSTEM_SIGNATURE,
		.revision = JAILHOUSE_CONFIG_REVISION,
${hypervisor ? `		.hypervisor_memory = {\n			.phys_start = ${hypervisor.physical},\n			.size = ${hypervisor.size},\n		},\n` : ''}		.platform_info = {
${fields.join('')}${units.length > 0 ? `\t\t\t.iommu_units = {\n${units.join('')}\t\t\t},\n` : ''}		},
		.root_cell = {
			.name = "${name}",
		},
	},
`;
}

/** A network between cells is one macro, which its four rows come from. */
function regionOf({ name, physical, virtual, size, flags }: Row): string {
  const network = /^ivshmem-net\.(\w+) \(macro, id (\d)\)$/.exec(name);
  if (network) return network[1] === 'state' ? `\t\tJAILHOUSE_SHMEM_NET_REGIONS(${physical}, ${network[2]}),\n` : '';
  if (size === '0x0') return '\t\t{ 0 },\n';
  const words = flags.split('|').map((flag) => `JAILHOUSE_MEM_${flag}`).join(' |\n\t\t\t\t');
  return `${name === '-' ? '' : `\t\t/* ${name} */\n`}\t\t{\n\t\t\t.phys_start = ${physical},\n\t\t\t.virt_start = ${virtual},\n\t\t\t.size = ${size},\n\t\t\t.flags = ${words},\n\t\t},\n`;
}
