import { describe, expect, it } from 'vitest';
import type { ReleaseRecord } from '../../helm/release.ts';
import type { Json } from '../../kube/object.ts';
import { keepValues } from './kept-values.ts';

type Revision = Parameters<typeof keepValues>[0][number];

const revision = (
  status: ReleaseRecord['info']['status'],
  config: Readonly<Record<string, Json>>,
): Revision => ({
  config,
  info: { status, description: '', notes: '', firstDeployed: '', lastDeployed: '' },
});
const MIRROR = { image: { repository: 'mirror.example.com/tenantry', tag: '1' }, replicas: 3 };

describe('keepValues', () => {
  it('keeps everything that is not said anew, and names it', () => {
    expect(keepValues([revision('deployed', MIRROR)], { shards: 3 })).toEqual({
      values: { ...MIRROR, shards: 3 },
      kept: ['image', 'replicas'],
    });
  });

  it('lays over it what is said, down to the single field', () => {
    const { values, kept } = keepValues([revision('deployed', MIRROR)], { image: { tag: '2' } });

    expect(values).toEqual({ image: { repository: 'mirror.example.com/tenantry', tag: '2' }, replicas: 3 });
    expect(kept).toEqual(['replicas']);
  });

  it('goes by what was deployed last, not by an attempt that failed', () => {
    const history = [
      revision('superseded', { replicas: 1 }),
      revision('deployed', { replicas: 2 }),
      revision('failed', { replicas: 9, log: { level: 'debug' } }),
    ];

    expect(keepValues(history, {}).values).toEqual({ replicas: 2 });
  });

  it('is what is given where nothing was installed', () => {
    expect(keepValues([], { replicas: 1 })).toEqual({ values: { replicas: 1 }, kept: [] });
  });
});
