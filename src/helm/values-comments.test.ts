import { describe, expect, it } from 'vitest';
import { valuesComments } from './values-comments.ts';

const found = (text: string): Record<string, string> =>
  Object.fromEntries(
    [...valuesComments(text)].map(([path, comment]) => [path.replaceAll('\0', '/'), comment]),
  );

describe('valuesComments', () => {
  it.each<[string, string, Record<string, string>]>([
    ['the comment above a key', '# How many.\nreplicas: 1\n', { replicas: 'How many.' }],
    ['several lines', '# How many\n# there are.\nreplicas: 1\n', { replicas: 'How many there are.' }],
    [
      "helm-docs' form",
      '# internal\n# -- (int) How many.\n# @default -- 1\nreplicas: 1\n',
      { replicas: 'How many.' },
    ],
    [
      "Bitnami's form",
      '## @param image.tag [string] Tag of the image\nimage:\n  tag: x\n',
      { image: 'Tag of the image' },
    ],
    ['the remark behind a value', 'port: 80 # where it listens\n', { port: 'where it listens' }],
    ['no remark inside quotes', "color: '#fff'\n", {}],
    [
      'nested keys',
      'image:\n  # Which one.\n  tag: x\n# After.\nother: 1\n',
      { 'image/tag': 'Which one.', other: 'After.' },
    ],
    ['keys with dots and quotes', '"a.b":\n  # Text.\n  c: 1\n', { 'a.b/c': 'Text.' }],
    ['not a comment that stands apart', '# Licence.\n\nreplicas: 1\n', {}],
    [
      'not what stands inside a block of text',
      'script: |\n  # no\n  key: x\n# Yes.\nnext: 1\n',
      { next: 'Yes.' },
    ],
    [
      'not what stands inside a list',
      'hosts:\n  # no\n  - name: a\n    # no\n    path: b\n# Yes.\nnext: 1\n',
      { next: 'Yes.' },
    ],
    ['not rulers', '# -----\n# Text.\n# =====\na: 1\n', { a: 'Text.' }],
  ])('finds %s', (_name, text, expected) => {
    expect(found(text)).toEqual(expected);
  });
});
