import { describe, expect, it } from 'vitest';
import { serviceFailure } from './service-failure.ts';

describe('serviceFailure', () => {
  it('names the service, its last lines and where the rest is', () =>
    expect(serviceFailure('kubelet', '/log/kubelet.log', 'a\nb\nc\nd\n')).toMatchObject({
      message: 'kubelet does not get ready: b\nc\nd',
      remedy: expect.stringContaining('/log/kubelet.log'),
    }));

  it('says so when the service said nothing', () =>
    expect(serviceFailure('kubelet', '/log', '').message).toContain('it said nothing'));

  it.each([
    'err="error creating fsnotify watcher: too many open files"',
    'inotify_init: too many open files',
  ])('knows when the machine has no more inotify instances: %s', (line) =>
    expect(serviceFailure('kubelet', '/log', `${line}\nx\ny\nz\ncommand failed`).remedy).toContain(
      'fs.inotify.max_user_instances',
    ),
  );

  it('does not blame inotify for other files', () =>
    expect(serviceFailure('etcd', '/log', 'accept: too many open files').remedy).toContain('Read /log'));
});
