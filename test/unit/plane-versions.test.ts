import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import { PLANE_VERSION } from '../../src/features/controlplane/settings.ts';
import { localPlaneImages, planeImage } from '../../src/local/plane-images.ts';
import { NEWEST_RELEASE } from '../../src/local/kubernetes-release.ts';

describe('versions of control planes', () => {
  it('are those of the programs that are built here', () => {
    const { apiServer, controllerManager } = localPlaneImages();
    const built = (['kube-apiserver', 'kube-controller-manager'] as const).map((program) =>
      planeImage(program, NEWEST_RELEASE).ref.split(':'),
    );

    expect(PLANE_VERSION).toBe(NEWEST_RELEASE.version);
    expect(built).toEqual([
      [apiServer, `v${PLANE_VERSION}`],
      [controllerManager, `v${PLANE_VERSION}`],
    ]);
  });

  it('have an image each in the chart’s values', () => {
    const file = join(import.meta.dirname, '../../deploy/chart/values.yaml');
    // True by the file's schema, which the chart is installed by.
    const { planes } = parse(readFileSync(file, 'utf8')) as { planes: { images: object } };

    expect(Object.keys(planes.images).toSorted()).toEqual(Object.keys(localPlaneImages()).toSorted());
  });
});
