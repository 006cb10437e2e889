import { describe, expect, it } from 'vitest';
import { unreadableKeys } from './encrypted-values.ts';

const value = (text: string) => ({ value: Buffer.from(text) });

describe('what a snapshot holds that is encrypted', () => {
  it('is told by the key in front of it', () => {
    const objects = [
      value('k8s:enc:secretbox:v1:first-11111111:…'),
      value('k8s:enc:aescbc:v1:other-22222222:…'),
      value('{"kind":"Thing"}'),
    ];

    expect(unreadableKeys(objects, ['secretbox:v1:first-11111111'])).toEqual(['aescbc:v1:other-22222222']);
    expect(unreadableKeys(objects, ['secretbox:v1:first-33333333', 'aescbc:v1:other-22222222'])).toEqual([
      'secretbox:v1:first-11111111',
    ]);
    expect(unreadableKeys([value('{"a":"k8s:enc:secretbox:v1:x:"}')], [])).toEqual([]);
  });
});
