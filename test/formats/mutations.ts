import fc from 'fast-check';

/**
 * Runs a test on texts that are nearly right: real ones, cut and mended at a few places. Seeded, so that every run has
 * the same inputs. Answers with how many there were.
 */
export function mutated(texts: readonly string[], pieces: readonly string[], runs: number, test: (text: string) => void): number {
  const piece = fc.oneof(fc.string({ maxLength: 8 }), fc.constantFrom(...pieces, '0', 'f', 'ffffffffffffffff', '-', '\x1b[', '\t', '"', '\\'));
  const change = fc.tuple(fc.double({ min: 0, max: 1, noNaN: true }), fc.nat({ max: 80 }), piece);
  let count = 0;
  fc.assert(
    fc.property(fc.constantFrom(...texts), fc.array(change, { minLength: 1, maxLength: 8 }), (text, changes) => {
      count += 1;
      test(changes.reduce((whole, [at, cut, put]) => {
        const place = Math.floor(at * whole.length);
        return whole.slice(0, place) + put + whole.slice(place + cut);
      }, text));
    }),
    { numRuns: runs, seed: 20261125 },
  );
  return count;
}

/** The same for bytes: some are overwritten, and the end is cut off. */
export function mutatedBytes(files: readonly Uint8Array[], runs: number, test: (bytes: Uint8Array) => void): number {
  const change = fc.tuple(fc.double({ min: 0, max: 1, noNaN: true }), fc.oneof(fc.nat({ max: 255 }), fc.constantFrom(0, 1, 2, 3, 4, 9, 0x7f, 0x80, 0xff)));
  let count = 0;
  fc.assert(
    fc.property(fc.constantFrom(...files), fc.array(change, { maxLength: 12 }), fc.double({ min: 0, max: 1, noNaN: true }), fc.boolean(), (file, changes, rest, isCut) => {
      count += 1;
      const bytes = Uint8Array.from(isCut ? file.subarray(0, Math.floor(rest * file.length)) : file);
      // Half of the changes go to the header and the first nodes, where they matter most.
      changes.forEach(([at, value], index) => {
        const place = Math.floor(at * (index % 2 === 0 ? bytes.length : Math.min(bytes.length, 400)));
        if (place < bytes.length) bytes[place] = value;
      });
      test(bytes);
    }),
    { numRuns: runs, seed: 20261125 },
  );
  return count;
}
