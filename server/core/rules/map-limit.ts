import { atLeast, DEFAULT_DMA_MAPS } from '../dma/contract.js';
import type { Plan, PlannedMap } from '../dma/plan.js';
import { formatCount } from '../layout/address.js';
import { mapName } from './contact-words.js';
import { bad, defineRule, good } from './rule.js';

/** Share of the limit, in percent, from which a warning is due: what is plugged later needs the rest. */
const NEARLY_FULL = 80;

/** A container holds only so many mappings. */
export const mapLimit = defineRule({
  name: 'map-limit',
  over: 'vm',
  level: 'error',
  group: 'contract',
  summary: 'The VMM asks for more DMA mappings than a container holds.',
  since: '0.1.0',
  why: `A VFIO type1 container holds 65535 mappings unless the module parameter \`dma_entry_limit\` says otherwise (since Linux
5.1); one more is refused with ENOSPC (\`vfio_dma_do_map\` in drivers/vfio/vfio_iommu_type1.c), whatever else is wrong with it.
Small blocks use it up: at 2 MiB a request it is full at 128 GiB. From ${NEARLY_FULL} % on it is a warning. iommufd has no such limit.`,

  examples: [
    bad(`
      host xeon {
        arch x86_64
        kernel 6.12
        page 4 KiB
        iommu dmar0 {
          model vt-d
          bits 48
          reserved msi at 0xfee0_0000 ..= 0xfeef_ffff kind msi
        }
        group 1 { device nic "0000:01:00.0" }
        limits { dma-maps 2 }
      }

      vm web on xeon {
        ram first at 0 size 1 GiB
        ram second at 1 GiB size 1 GiB
        ram third at 4 GiB size 1 GiB
            ^^^^^ 3 mappings are asked for and a container holds 2: VFIO_IOMMU_MAP_DMA fails with ENOSPC from \`third\` on
        assign nic
      }
    `),
    good(`
      host xeon {
        arch x86_64
        kernel 6.12
        page 4 KiB
        iommu dmar0 {
          model vt-d
          bits 48
          reserved msi at 0xfee0_0000 ..= 0xfeef_ffff kind msi
        }
        group 1 { device nic "0000:01:00.0" }
        limits { dma-maps 4 }
      }

      vm web on xeon {
        ram first at 0 size 1 GiB
        ram second at 1 GiB size 1 GiB
        ram third at 4 GiB size 1 GiB
        assign nic
      }
    `),
  ],

  check: ({ plan }) => (plan ? crowdIn(plan) : []),
  locate: ({ map, plan }) => map?.written?.element ?? map?.region?.element ?? plan.vm.element,
  levelOf: ({ map }) => (map ? 'error' : 'warning'),
  message: ({ plan, map, limit }) => {
    const count = `${formatCount(plan.maps.length)} mappings are asked for and a container holds ${formatCount(limit)}`;
    return map ? `${count}: VFIO_IOMMU_MAP_DMA fails with ENOSPC from ${mapName(map)} on` : `${count}: what is plugged later may find no room (ENOSPC)`;
  },
});

interface Crowd {
  readonly plan: Plan;
  /** The first mapping that is refused; nothing while there is room. */
  readonly map: PlannedMap | undefined;
  readonly limit: number;
}

function crowdIn(plan: Plan): Crowd[] {
  if (plan.contract !== 'type1' || !plan.attachedAtBoot || !atLeast(plan.kernel, 5, 1)) return [];
  const limit = plan.host.limits.dmaMaps ?? DEFAULT_DMA_MAPS;
  const map = plan.maps.find(({ verdict }) => verdict.cause === 'limit');
  return map || plan.maps.length * 100 >= limit * NEARLY_FULL ? [{ plan, map, limit }] : [];
}
