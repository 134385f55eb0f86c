import { formatAddress } from '../layout/address.js';
import { lastOf } from '../layout/intervals.js';
import { lastAsked, type ExplainedError, type RegionThere } from './explain-log.js';

/** What `explain --log --format json` prints: docs/schema/explain-log.schema.json. */
export const explainLogJson = (log: string, errors: readonly ExplainedError[]): string =>
  `${JSON.stringify({ schema: 1, log, errors: errors.map(errorRecord) }, undefined, 2)}\n`;

function errorRecord(error: ExplainedError): object {
  const { line, text, message, asked, rule, reason, found, fixes, planned, regions } = error;
  const last = lastAsked(error);
  return {
    line,
    text,
    message: message.id,
    program: message.program,
    source: message.source,
    asked: {
      what: asked.what,
      ...(asked.iova !== undefined && { iova: formatAddress(asked.iova) }),
      ...(asked.size !== undefined && { size: formatAddress(asked.size) }),
      ...(asked.size !== undefined && last !== undefined && { last: formatAddress(last) }),
      ...(asked.errno !== undefined && { errno: asked.errno }),
      ...(asked.region !== undefined && { region: asked.region }),
      ...(asked.device !== undefined && { device: asked.device }),
      ...(asked.memlock !== undefined && { memlock: formatAddress(asked.memlock) }),
      ...(asked.bits !== undefined && { bits: asked.bits }),
    },
    regions: regions.map(regionRecord),
    ...(rule !== undefined && { rule }),
    reason: found?.message ?? reason,
    planned,
    fixes,
  };
}

const regionRecord = ({ vm, host, kind, name, range, path, place }: RegionThere): object => ({
  vm,
  ...(host !== undefined && { host }),
  kind,
  name,
  base: formatAddress(range.base),
  last: formatAddress(lastOf(range)),
  path,
  ...(place && { range: place }),
});
