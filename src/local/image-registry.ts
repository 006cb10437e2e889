import { link, mkdir, readFile, rename, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { codeOf } from '../lib/error-text.ts';
import { isMap } from '../lib/narrow.ts';
import { NODE_HOME } from './cluster-paths.ts';
import { listImages, type ImageStore } from './containerd-images.ts';
import type { NetworkPlan } from './network-plan.ts';

// The registry of a cluster serves what was imported, so that `imagePullPolicy: Always` works where nothing can be pulled:
//
//   ctr import ──▶ containerd's content store ◀──hard links── registry/ ◀── registry (read-only, TLS with client certificates)
//                                                                                 ▲
//   kubelet ──▶ containerd of any node ── etc/certs.d/<host>/hosts.toml ──────────┘
//
// Every blob is on the disk once. Repositories carry the host in their name (`docker.io/library/nginx`), so that images of
// two hosts never meet. Nobody can push: an image that one tenant replaced would run as another's.

/** Where the registry listens, on the first node's address. */
export const REGISTRY_PORT = 5000;

const PKI = `${NODE_HOME}/etc/pki`;
/** Below the first node's folder. */
const REGISTRY_FOLDER = 'registry';
const CONTENT = 'var-lib/containerd/io.containerd.content.v1.content/blobs/sha256';

/** The registry's address as the nodes call it. */
export function registryUrl(network: NetworkPlan): string {
  return `https://${network.v4.node}:${REGISTRY_PORT}`;
}

/** The registry's settings. */
export function registryConfig(network: NetworkPlan): unknown {
  return {
    version: 0.1,
    log: { level: 'warn', accesslog: { disabled: true } },
    storage: {
      filesystem: { rootdirectory: `${NODE_HOME}/${REGISTRY_FOLDER}` },
      maintenance: { readonly: { enabled: true }, uploadpurging: { enabled: false } },
    },
    http: {
      addr: `${network.v4.node}:${REGISTRY_PORT}`,
      tls: {
        certificate: `${PKI}/registry.crt`,
        key: `${PKI}/registry.key`,
        // Without this every pod could read every image.
        clientcas: [`${PKI}/ca.crt`],
        clientauth: 'require-and-verify-client-cert',
      },
    },
  };
}

/**
 * The file by which a node's containerd finds a host's images: here, and never at the host itself, which can't be reached. Its first
 * versions want a `host` table; what stands above is asked when that has nothing, and would be the host itself if left out.
 */
export function hostsFile(url: string, host: string): string {
  const place = `${url}/v2/${repositoryName(host)}`;
  const how = `override_path = true
capabilities = ["pull", "resolve"]
ca = "${PKI}/ca.crt"
client = [["${PKI}/registry-client.crt", "${PKI}/registry-client.key"]]
`;
  return `server = "${place}"\n${how}[host."${place}"]\n${how}`;
}

/** Makes everything that the first node's containerd has known to the registry, and its hosts to every node. */
export async function publishImages(stores: readonly ImageStore[]): Promise<void> {
  const [first] = stores;
  if (first === undefined) return;
  const images = [...(await listImages(first))].flatMap(([text, digest]) => {
    const reference = parseReference(text);
    return reference === undefined ? [] : [{ ...reference, digest }];
  });
  for (const image of images) await publish(first.node.home, image);
  for (const host of new Set(images.map((image) => image.host)))
    for (const { node, registry } of stores)
      await put(join(node.etc, 'certs.d', host, 'hosts.toml'), hostsFile(registry, host));
}

/** A name as containerd keeps it: `<host>/<path>:<tag>`. */
export interface ImageReference {
  readonly host: string;
  readonly path: string;
  readonly tag: string;
}

/** Reads a full reference; undefined for what carries no tag (a digest). */
export function parseReference(text: string): ImageReference | undefined {
  const [, host, path, tag] = /^([^/@]+)\/([^:@]+):([\w][\w.-]{0,127})$/.exec(text) ?? [];
  return host === undefined || path === undefined || tag === undefined ? undefined : { host, path, tag };
}

/** A port is no part of a repository's name. */
const repositoryName = (host: string): string => host.replaceAll(':', '_');

async function publish(
  home: string,
  { host, path, tag, digest }: ImageReference & { readonly digest: string },
): Promise<void> {
  const root = join(home, REGISTRY_FOLDER, 'docker/registry/v2');
  const repository = join(root, 'repositories', repositoryName(host), path);
  const tagFolder = join(repository, '_manifests/tags', tag);
  const current = join(tagFolder, 'current/link');
  if ((await readFile(current, 'utf8').catch(() => '')) === digest) return;
  const manifests: string[] = [digest];
  for (const each of manifests) {
    const blob = await share(home, root, each);
    // A list names images for other machines as well; what was not imported can't be served.
    if (blob === undefined) continue;
    const children = await digestsIn(blob);
    manifests.push(...children.manifests);
    for (const layer of children.blobs) {
      await share(home, root, layer);
      await put(join(repository, '_layers/sha256', hexOf(layer), 'link'), layer);
    }
    await put(join(repository, '_manifests/revisions/sha256', hexOf(each), 'link'), each);
  }
  await put(join(tagFolder, 'index/sha256', hexOf(digest), 'link'), digest);
  // Last: whoever finds the tag finds everything.
  await put(current, digest);
}

/** Makes a blob of containerd one of the registry's: the same bytes on the disk. Answers its path; undefined if containerd has none. */
async function share(home: string, root: string, digest: string): Promise<string | undefined> {
  const hex = hexOf(digest);
  const place = join(root, 'blobs/sha256', hex.slice(0, 2), hex, 'data');
  await mkdir(dirname(place), { recursive: true });
  try {
    await link(join(home, CONTENT, hex), place);
  } catch (error) {
    if (codeOf(error) === 'ENOENT') return undefined;
    if (codeOf(error) !== 'EEXIST') throw error;
  }
  return place;
}

interface Children {
  readonly manifests: readonly string[];
  readonly blobs: readonly string[];
}

async function digestsIn(path: string): Promise<Children> {
  const text = await readFile(path, 'utf8');
  const manifest: unknown = JSON.parse(text);
  if (!isMap(manifest)) return { manifests: [], blobs: [] };
  const list = (value: unknown): string[] =>
    (Array.isArray(value) ? value : [value]).flatMap((entry: unknown) =>
      isMap(entry) && typeof entry['digest'] === 'string' && /^sha256:[0-9a-f]{64}$/.test(entry['digest'])
        ? [entry['digest']]
        : [],
    );
  return {
    manifests: list(manifest['manifests']),
    blobs: [...list(manifest['config']), ...list(manifest['layers'])],
  };
}

const hexOf = (digest: string): string => digest.slice('sha256:'.length);

async function put(path: string, text: string): Promise<void> {
  await mkdir(dirname(path), { recursive: true });
  await writeFile(`${path}.draft`, text);
  await rename(`${path}.draft`, path);
}
