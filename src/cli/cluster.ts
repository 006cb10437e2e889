import { Command } from 'commander';
import { resolve } from 'node:path';
import { clusterStatus, imageStores, requireRunning, serviceLog } from '../local/cluster-status.ts';
import { downCluster } from '../local/cluster-down.ts';
import { upCluster } from '../local/cluster-up.ts';
import { importArchive } from '../local/containerd-images.ts';
import { publishImages } from '../local/image-registry.ts';
import { listenFor, parseTarget, untilAborted } from '../local/dial.ts';
import { keepForward } from '../local/forwards.ts';
import type { KubernetesRelease } from '../local/kubernetes-release.ts';
import { importPlaneImages } from '../local/plane-images.ts';
import { SERVICES } from '../local/services.ts';
import type { CliIo } from './cli-io.ts';
import { clusterInnerCommands } from './cluster-inner.ts';
import { kubernetesVersion } from './kubernetes-version-option.ts';
import { DEFAULT_CLUSTER, imageOptions, localOptions } from './local-options.ts';
import { portNumber, wholeNumber } from './option-checks.ts';

interface Named {
  readonly name: string;
}

/** `tenantry cluster`: a real Kubernetes on this machine. */
export function clusterCommand(io: CliIo): Command {
  const cluster = new Command('cluster').description('Run a real Kubernetes cluster on this machine');
  const commands = [
    up(io),
    down(io),
    status(io),
    kubeconfig(io),
    loadImage(io),
    planeImages(io),
    logs(io),
    forward(io),
  ];
  for (const command of commands)
    cluster.addCommand(command.option('--name <name>', 'which cluster', DEFAULT_CLUSTER));
  for (const command of clusterInnerCommands(io)) cluster.addCommand(command, { hidden: true });
  return cluster;
}

interface UpOptions extends Named {
  readonly subnet?: string;
  readonly podSubnet?: string;
  readonly serviceSubnet?: string;
  readonly port?: number;
  readonly kubernetesVersion?: KubernetesRelease;
  readonly nodes?: number;
}

function up(io: CliIo): Command {
  return new Command('up')
    .description('Bring the cluster up; does nothing when it is up')
    .option('--subnet <cidr>', 'addresses of nodes and load balancers, a /24 (default: 10.89.0.0/24)')
    .option('--pod-subnet <cidr>', 'addresses of pods, a /16 (default: 10.244.0.0/16)')
    .option('--service-subnet <cidr>', 'addresses of Services, a /16 (default: 10.96.0.0/16)')
    .option('--port <port>', 'port of the API server on 127.0.0.1 (default: any free one)', portNumber)
    .option('--nodes <number>', 'how many nodes, all on this machine (default: 1)', wholeNumber)
    .addOption(kubernetesVersion())
    .action(async (options: UpOptions) => {
      const { subnet, podSubnet, serviceSubnet, ...rest } = options;
      const choice = {
        nodes: subnet,
        pods: podSubnet,
        services: serviceSubnet,
        port: rest.port,
        nodeCount: rest.nodes,
        release: rest.kubernetesVersion,
      };
      const { paths } = await upCluster(localOptions(io, options.name), choice);
      io.out(`export KUBECONFIG=${paths.kubeconfig}\n`);
    });
}

function down(io: CliIo): Command {
  return new Command('down')
    .description('End the cluster and give everything back, whatever state it is in')
    .action(async ({ name }: Named) => {
      await downCluster(localOptions(io, name));
    });
}

function status(io: CliIo): Command {
  return new Command('status')
    .description('Show how the cluster is; exit code 1 unless it runs')
    .option('-o, --output <format>', '`json` for programs')
    .action(async ({ name, output }: Named & { output?: string }) => {
      const found = await clusterStatus(localOptions(io, name));
      if (output === 'json') io.out(`${JSON.stringify(found, null, 2)}\n`);
      else {
        io.out(
          `cluster ${name}: ${found.condition}${found.version === undefined ? '' : `, ${found.version}`}\n`,
        );
        for (const node of found.nodes) io.out(`node ${node.name}: ${node.ready ? 'Ready' : 'not ready'}\n`);
        for (const service of found.services)
          if (!service.running)
            io.out(`${service.name}: not running (tenantry cluster logs ${service.name})\n`);
        if (found.condition === 'running') io.out(`export KUBECONFIG=${found.kubeconfig}\n`);
      }
      if (found.condition !== 'running') process.exitCode = 1;
    });
}

function kubeconfig(io: CliIo): Command {
  return new Command('kubeconfig')
    .description('Print the path of the kubeconfig')
    .action(async ({ name }: Named) => {
      const { paths } = await requireRunning(localOptions(io, name));
      io.out(`${paths.kubeconfig}\n`);
    });
}

function loadImage(io: CliIo): Command {
  return new Command('load-image')
    .description('Import image archives (OCI or Docker) into the cluster')
    .argument('<archive...>', 'files')
    .action(async (archives: string[], { name }: Named) => {
      const options = localOptions(io, name);
      const { paths, state } = await requireRunning(options);
      const stores = imageStores(paths, state, options);
      for (const archive of archives)
        await io.progress.step(`image ${archive}`, async () => {
          for (const store of stores) await importArchive(store, resolve(io.cwd, archive), io.signal);
        });
      await publishImages(stores);
    });
}

function planeImages(io: CliIo): Command {
  return new Command('plane-images')
    .description('Import what control planes run: API server, controllers, etcd, kine, PostgreSQL')
    .addOption(kubernetesVersion())
    .action(async (flags: Named & { kubernetesVersion?: KubernetesRelease }) => {
      await importPlaneImages(localOptions(io, flags.name), imageOptions(io), flags.kubernetesVersion);
    });
}

function logs(io: CliIo): Command {
  return new Command('logs')
    .description('Print what one of the cluster’s programs has logged')
    .argument('<service>', `init, ${SERVICES.join(', ')}; of another node: node-2, node-2/kubelet …`)
    .option('--tail <lines>', 'how many lines', wholeNumber, 200)
    .action(async (service: string, { name, tail }: Named & { tail: number }) => {
      io.out(`${await serviceLog(localOptions(io, name), service, tail)}\n`);
    });
}

function forward(io: CliIo): Command {
  return new Command('forward')
    .description('Open a port of 127.0.0.1 that leads to an address in the cluster')
    .argument('<address:port>', 'a Service’s or pod’s address and port, such as 10.89.0.200:80', parseTarget)
    .option('--port <port>', 'the port to open (default: any free one)', portNumber, 0)
    .option('--keep', 'keep it open in the background until the cluster goes down')
    .action(
      async (target: ReturnType<typeof parseTarget>, options: Named & { port: number; keep?: boolean }) => {
        const local = localOptions(io, options.name);
        const { paths } = await requireRunning(local);
        if (options.keep === true) {
          const kept = await keepForward(paths, target, { port: options.port, self: local.self });
          io.out(`http://127.0.0.1:${kept.port}\n`);
          return;
        }
        const { server, port } = await listenFor(target, paths.dialSocket, options.port);
        io.out(`http://127.0.0.1:${port}\n`);
        await untilAborted([server], io.signal);
      },
    );
}
