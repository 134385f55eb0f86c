/**
 * The part of JSON Schema 2020-12 that the schemas in docs/schema use. A keyword that isn't known here is an error, so
 * that none is passed over.
 */
export type Schema = Readonly<Record<string, unknown>>;

/** What is wrong with a value, each as `$.files.0: …`; nothing if it is as the schema says. */
export const violations = (value: unknown, schema: Schema): string[] => check(value, schema, schema, '$');

function check(value: unknown, schema: Schema, root: Schema, at: string): string[] {
  return Object.entries(schema).flatMap(([keyword, expected]) => {
    const known = KEYWORDS[keyword];
    if (!known) throw new Error(`the schema says \`${keyword}\`, which isn’t known here`);
    return known({ value, expected, schema, root, at });
  });
}

interface Case {
  readonly value: unknown;
  readonly expected: unknown;
  readonly schema: Schema;
  readonly root: Schema;
  readonly at: string;
}

const nothing = (): string[] => [];

const KEYWORDS: Readonly<Record<string, (one: Case) => string[]>> = {
  $schema: nothing,
  title: nothing,
  description: nothing,
  default: nothing,
  $defs: nothing,
  $ref: ({ value, expected, root, at }) => check(value, definition(root, String(expected)), root, at),
  type: ({ value, expected, at }) => (typeOf(value) === expected ? [] : [`${at}: is ${typeOf(value)}, not ${String(expected)}`]),
  const: ({ value, expected, at }) => (value === expected ? [] : [`${at}: is not ${String(expected)}`]),
  enum: ({ value, expected, at }) => ((expected as unknown[]).includes(value) ? [] : [`${at}: \`${String(value)}\` is not in the list`]),
  pattern: ({ value, expected, at }) => (typeof value !== 'string' || new RegExp(String(expected), 'u').test(value) ? [] : [`${at}: \`${value}\` is not like ${String(expected)}`]),
  minimum: ({ value, expected, at }) => (typeof value !== 'number' || value >= Number(expected) ? [] : [`${at}: is less than ${String(expected)}`]),
  items: ({ value, expected, root, at }) => (Array.isArray(value) ? value.flatMap((item, index) => check(item, expected as Schema, root, `${at}.${index}`)) : []),
  uniqueItems: ({ value, at }) => (Array.isArray(value) && new Set(value.map((item) => JSON.stringify(item))).size < value.length ? [`${at}: holds something twice`] : []),
  minItems: ({ value, expected, at }) => (Array.isArray(value) && value.length < Number(expected) ? [`${at}: holds fewer than ${String(expected)}`] : []),
  required: ({ value, expected, at }) => (expected as string[]).filter((name) => !(name in fields(value))).map((name) => `${at}: has no ${name}`),
  properties: ({ value, expected, root, at }) =>
    Object.entries(expected as Record<string, Schema>).flatMap(([name, schema]) => (name in fields(value) ? check(fields(value)[name], schema, root, `${at}.${name}`) : [])),
  propertyNames: ({ value, expected, root, at }) => Object.keys(fields(value)).flatMap((name) => check(name, expected as Schema, root, `${at}.${name}`)),
  additionalProperties: ({ value, expected, schema, root, at }) =>
    Object.entries(fields(value))
      .filter(([name]) => !Object.hasOwn(fields(schema['properties']), name))
      .flatMap(([name, other]) => (expected === false ? [`${at}: has a ${name}`] : check(other, expected as Schema, root, `${at}.${name}`))),
};

function typeOf(value: unknown): string {
  if (value === null) return 'null';
  if (Array.isArray(value)) return 'array';
  return Number.isInteger(value) ? 'integer' : typeof value;
}

const fields = (value: unknown): Record<string, unknown> => (typeOf(value) === 'object' ? (value as Record<string, unknown>) : {});

function definition(root: Schema, reference: string): Schema {
  const found = fields(root['$defs'])[reference.replace(/^#\/\$defs\//, '')];
  if (!found) throw new Error(`${reference} is not defined`);
  return found as Schema;
}
