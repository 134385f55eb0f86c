import { formatAddress } from '../../layout/address.js';
import { capitals, constantsOf, type ConstantGroup } from './constants.js';
import { originOf, type ExportResult, type ExportSubject } from './export-result.js';

/** A C header with one macro for each address and size, as `UINT64_C` literals (C99 `<stdint.h>`). */
export function exportC(subject: ExportSubject): ExportResult {
  const prefix = capitals(subject.vm.name);
  const guard = `VMLAYOUT_${prefix}_H`;
  const groups = constantsOf(subject).map((group) => groupText(group, prefix));
  const text = `/* ${originOf(subject).replaceAll('*/', '* /')}. Written by vmlayout. */
#ifndef ${guard}
#define ${guard}

#include <stdint.h>

${groups.join('\n')}
#endif /* ${guard} */
`;
  return { text, notes: [] };
}

const groupText = ({ about, constants }: ConstantGroup, prefix: string): string =>
  `/* ${about} */\n${constants.map(({ name, value }) => `#define ${prefix}_${name} UINT64_C(${formatAddress(value)})\n`).join('')}`;
