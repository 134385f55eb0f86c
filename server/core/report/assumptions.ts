import type { Plan } from '../dma/plan.js';
import { stage2Of, whyNoStage2 } from '../dma/stage2.js';

/** Everything that a plan took for granted, of the IOMMU's side and of the CPU's. */
export const assumedIn = (plan: Plan): string[] => [...plan.assumed, ...(stage2Of(plan)?.assumed ?? []), whyNoStage2(plan)].filter((words) => words !== undefined);
