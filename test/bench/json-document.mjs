// JSON and YAML that say about what the generated layouts say, and the schema for them: what the language servers of
// others are measured on.

/** A document of so many lines: guests with regions, one a line. */
export function jsonOf(lines) {
  const guests = [];
  for (let guest = 0; lines > 4 && guests.length < Math.floor((lines - 4) / 22); guest++) {
    const regions = Array.from({ length: 16 }, (_, index) => {
      const region = { kind: KINDS[index % KINDS.length], name: `r${index}`, at: index * 0x1000_0000, size: 0x10_0000 * (index + 1) };
      return `        { "kind": "${region.kind}", "name": "${region.name}", "at": ${region.at}, "size": ${region.size} }`;
    });
    guests.push(['    {', `      "name": "guest-${guest}",`, '      "host": "altra",', '      "regions": [', regions.join(',\n'), '      ]', '    }'].join('\n'));
  }
  const text = ['{', '  "guests": [', guests.join(',\n'), '  ]', '}'].join('\n');
  return text + '\n'.repeat(Math.max(0, lines - text.split('\n').length + 1));
}

/** The same in YAML's own spelling: guests with fewer regions, four lines each. */
export function yamlOf(lines) {
  const written = ['guests:'];
  for (let guest = 0; written.length + 67 <= lines; guest++) {
    written.push(`  - name: guest-${guest}`, '    host: altra', '    regions:');
    for (let index = 0; index < 16; index++) {
      written.push(`      - kind: ${KINDS[index % KINDS.length]}`, `        name: r${index}`, `        at: ${index * 0x1000_0000}`, `        size: ${0x10_0000 * (index + 1)}`);
    }
  }
  return written.join('\n') + '\n'.repeat(Math.max(0, lines - written.length + 1));
}

const KINDS = ['ram', 'rom', 'mmio', 'window'];

export const SCHEMA = {
  uri: 'file:///bench/layout.schema.json',
  fileMatch: ['*.json'],
  schema: {
    type: 'object',
    required: ['guests'],
    properties: {
      guests: {
        type: 'array',
        items: {
          type: 'object',
          required: ['name', 'host'],
          additionalProperties: false,
          properties: {
            name: { type: 'string', pattern: '^[a-z][a-z0-9-]*$' },
            host: { type: 'string' },
            regions: {
              type: 'array',
              items: {
                type: 'object',
                required: ['kind', 'name', 'at', 'size'],
                additionalProperties: false,
                properties: {
                  kind: { enum: KINDS },
                  name: { type: 'string' },
                  at: { type: 'integer', minimum: 0 },
                  size: { type: 'integer', minimum: 1 },
                },
              },
            },
          },
        },
      },
    },
  },
};
