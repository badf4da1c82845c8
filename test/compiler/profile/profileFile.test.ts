/** The file of measured times is hostile input: what does not fit is refused, never half read. */
import { describe, expect, test } from 'vitest';
import type { ProfileContent } from '../../../compiler/profile/profileFile.ts';
import {
  ProfileFileError,
  parseProfiles,
  serialiseProfiles,
} from '../../../compiler/profile/profileFile.ts';

const CONTENT: ProfileContent = new Map([
  [
    'wasm@AMD EPYC x2',
    [
      {
        key: 'ab'.repeat(20),
        layout: 'cd'.repeat(20),
        summary: 'Conv + Relu',
        samples: [{ median: 1500.5, deviation: 12, repetitions: 30, at: 1000, noisy: false }],
        used: 1000,
      },
    ],
  ],
]);
const TEXT = serialiseProfiles(CONTENT);

describe('parseProfiles', () => {
  test('reads what was written', () => {
    expect(parseProfiles(TEXT)).toEqual(CONTENT);
  });

  test.each([
    ['no JSON', '{'],
    ['a list', '[]'],
    ['null', 'null'],
    ['another format', TEXT.replace('fusion-studio-profiles', 'other')],
    ['a newer version', TEXT.replace('"version":1', '"version":2')],
    ['a device without a name', TEXT.replace('wasm@AMD EPYC x2', '')],
    ['a device with control characters', TEXT.replace('EPYC', '\\u001b[31m')],
    ['a key that is a path', TEXT.replace('ab'.repeat(20), '../../../../etc/x')],
    ['a summary over several lines', TEXT.replace('Conv + Relu', 'a\\nb')],
    ['a summary without end', TEXT.replace('Conv + Relu', 'x'.repeat(500))],
    ['a negative time', TEXT.replace('1500.5', '-1')],
    ['a time that is no number', TEXT.replace('1500.5', '"1"')],
    ['a time without end', TEXT.replace('1500.5', '1e999')],
    ['no repetitions', TEXT.replace('"repetitions":30', '"repetitions":0')],
    ['a field too many', TEXT.replace('"used"', '"more":1,"used"')],
    ['a field too few', TEXT.replace(',"used":1000', '')],
    ['a prototype', TEXT.replace('"used"', '"__proto__":{},"used"')],
    ['no samples', TEXT.replace(/"samples":\[[^\]]*\]/, '"samples":[]')],
    ['devices that are no list', TEXT.replace(/"devices":.*\}\n$/s, '"devices":{}}')],
  ])('refuses %s', (_, text) => {
    expect(() => parseProfiles(text)).toThrow(ProfileFileError);
  });

  test('a damaged file gives a clear error or a database, nothing else', () => {
    let state = 7;
    const random = (below: number): number => {
      state = (Math.imul(state, 1103515245) + 12345) >>> 0;
      return (state >>> 8) % below;
    };
    let refused = 0;
    for (let i = 0; i < 2000; i++) {
      const letters = [...TEXT];
      for (let n = 0; n <= random(3); n++) {
        letters[random(letters.length)] = String.fromCharCode(random(128));
      }
      try {
        const content = parseProfiles(letters.join(''));
        for (const records of content.values()) {
          for (const { samples } of records) {
            expect(samples.every(({ median }) => Number.isFinite(median) && median >= 0)).toBe(
              true,
            );
          }
        }
      } catch (error) {
        expect(error).toBeInstanceOf(ProfileFileError);
        refused++;
      }
    }
    expect(refused).toBeGreaterThan(500);
  });
});
