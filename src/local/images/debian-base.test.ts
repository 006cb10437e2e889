import { describe, expect, it } from 'vitest';
import { bootstrapArgs, debianSources } from './debian-base.ts';

describe('debianSources', () => {
  const own = [
    'deb http://deb.debian.org/debian bookworm main',
    'deb http://deb.debian.org/debian bookworm-updates main',
    'deb http://deb.debian.org/debian-security bookworm-security main',
  ];

  it.each([
    [
      'uses the mirrors of the machine',
      'Debian|http://m.example/debian/|bookworm|main',
      ['deb http://m.example/debian bookworm main'],
    ],
    [
      'names each source once',
      'Debian|http://m/d|bookworm|main\nDebian|http://m/d|bookworm|main\nDebian|http://m/s/|bookworm-security|main\n',
      ['deb http://m/d bookworm main', 'deb http://m/s bookworm-security main'],
    ],
    [
      'leaves out other components and other origins',
      'Debian|http://m/d|bookworm|non-free\nNode|http://n|bookworm|main',
      own,
    ],
    ['takes Debian’s own where the machine runs another release', 'Debian|http://m/d|trixie|main', own],
    ['takes Debian’s own where only updates are mirrored', 'Debian|http://m/d|bookworm-updates|main', own],
    ['takes Debian’s own where apt knows nothing', '', own],
  ])('%s', (_reason, targets, expected) => {
    expect(debianSources(targets)).toEqual(expected);
  });
});

describe('bootstrapArgs', () => {
  it('ends with release, folder and sources, in the order that mmdebstrap reads', () => {
    expect(bootstrapArgs('/mnt/x', ['deb http://m/d bookworm main']).slice(-3)).toEqual([
      'bookworm',
      '/mnt/x',
      'deb http://m/d bookworm main',
    ]);
  });
});
