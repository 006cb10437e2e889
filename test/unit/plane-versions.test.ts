import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import { PLANE_VERSIONS } from '../../src/api/plane-versions.ts';
import { LOCAL_REGISTRY } from '../../src/local/images/image-list.ts';
import { localPlaneImages, planeImage } from '../../src/local/plane-images.ts';
import { KUBERNETES_RELEASES } from '../../src/local/kubernetes-release.ts';

describe('versions of control planes', () => {
  it('are those of the programs that are built here', () => {
    expect(localPlaneImages()).toMatchObject({
      apiServer: `${LOCAL_REGISTRY}/kube-apiserver`,
      controllerManager: `${LOCAL_REGISTRY}/kube-controller-manager`,
    });
    const built = KUBERNETES_RELEASES.flatMap((release) =>
      (['kube-apiserver', 'kube-controller-manager'] as const).map(
        (program) => planeImage(program, release).ref,
      ),
    );

    expect(built).toEqual(
      PLANE_VERSIONS.flatMap((version) => [
        `${LOCAL_REGISTRY}/kube-apiserver:v${version}`,
        `${LOCAL_REGISTRY}/kube-controller-manager:v${version}`,
      ]),
    );
  });

  it('have an image each in the chart’s values', () => {
    const file = join(import.meta.dirname, '../../deploy/chart/values.yaml');
    // True by the file's schema, which the chart is installed by.
    const { planes } = parse(readFileSync(file, 'utf8')) as { planes: { images: object } };

    expect(Object.keys(planes.images).toSorted()).toEqual(Object.keys(localPlaneImages()).toSorted());
  });
});
