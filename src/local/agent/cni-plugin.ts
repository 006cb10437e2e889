import { chmod, rename, writeFile } from 'node:fs/promises';
import { join } from 'node:path';

/** Name of the plug-in in a CNI configuration: `{"type": "tenantry-policy"}`, last in the chain. */
export const POLICY_PLUGIN = 'tenantry-policy';

/** Seconds the plug-in waits for rules: less than the kubelet's patience (2 min), more than any sync takes. */
const PATIENCE_SECONDS = 20;

/** The longest path a Unix socket can have on Linux (sun_path is 108 bytes with its end). */
const MAX_SOCKET_PATH = 107;

/**
 * Writes the CNI plug-in into a folder of plug-ins. It hands what it is told to the agent's socket and answers what the
 * agent answers. A pod's processes start after its plug-ins succeeded, so the agent knows each address before the
 * first packet. Without an agent, pods do not start (the kubelet tries again); taking down never fails, as the
 * specification asks.
 *
 * A shell script, because a runtime starts it twice a pod: it takes a few milliseconds, Node.js would take fifty.
 */
export async function installPolicyPlugin(options: {
  readonly directory: string;
  readonly socketPath: string;
}): Promise<void> {
  const path = join(options.directory, POLICY_PLUGIN);
  const fresh = `${path}.new`;
  await writeFile(fresh, policyPluginScript(options.socketPath));
  await chmod(fresh, 0o755);
  // A runtime that starts the plug-in right now sees the old one or the new one, never half of it.
  await rename(fresh, path);
}

/** The plug-in's text. Throws for a path that a shell or a socket can't take. */
export function policyPluginScript(socketPath: string): string {
  if (!/^[\w./-]+$/.test(socketPath) || Buffer.byteLength(socketPath) > MAX_SOCKET_PATH) {
    throw new Error(
      `socketPath "${socketPath}" must be at most ${MAX_SOCKET_PATH} letters, digits, "_", ".", "-" and "/": choose another state folder`,
    );
  }
  return `#!/bin/sh
# CNI plug-in of Tenantry's local cluster: waits until network policies are in force for a new pod's addresses.
if [ "$CNI_COMMAND" = VERSION ]; then
  cat >/dev/null
  echo '{"cniVersion":"1.0.0","supportedVersions":["0.3.1","0.4.0","1.0.0"]}'
  exit 0
fi
answer=$({ printf '%s\\n%s\\n%s\\n' "$CNI_COMMAND" "$CNI_CONTAINERID" "$CNI_ARGS"; cat; } |
  socat -t ${PATIENCE_SECONDS} - UNIX-CONNECT:${socketPath} 2>/dev/null)
case $answer in
  ok*) printf '%s' "\${answer#ok}"; exit 0 ;;
esac
[ "$CNI_COMMAND" = DEL ] && exit 0
case $answer in
  error*) printf '%s' "\${answer#error}"; exit 1 ;;
esac
echo '{"cniVersion":"0.4.0","code":11,"msg":"the agent that puts network policies in force does not answer; the pod is held until it does"}'
exit 1
`;
}
