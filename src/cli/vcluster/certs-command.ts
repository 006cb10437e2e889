import { X509Certificate } from 'node:crypto';
import { Command, Option } from 'commander';
import { kubeconfigSecretOf } from '../../api/virtual-cluster.ts';
import { SECRET } from '../../kube/builtin-kinds.ts';
import { WrongOption } from '../../lib/wrong-option.ts';
import type { CliIo } from '../cli-io.ts';
import { formatTable } from '../table.ts';
import { findCluster, placeOf, withHost, type VclusterFlags } from './host.ts';

/** What is told of one certificate. */
interface CertificateLine {
  readonly filename: string;
  readonly subject: string;
  readonly issuer: string;
  readonly expiryTime: string;
  readonly status: 'OK' | 'EXPIRED';
}

interface CheckFlags extends VclusterFlags {
  readonly output: 'table' | 'json';
}

/** `vcluster certs …`: until when the certificates hold. */
export function certsCommand(io: CliIo): Command {
  const check = new Command('check')
    .description('Show until when the certificates of the kubeconfig hold')
    .argument('<name>', 'name of the virtual cluster')
    .addOption(
      new Option('--output <format>', 'form of the list').choices(['table', 'json']).default('table'),
    )
    .action(async (name: string, _flags: unknown, self: Command) => {
      const flags = self.optsWithGlobals<CheckFlags>();
      const data = await withHost(io, flags, async (host) => {
        const { namespace } = placeOf(await findCluster(host, name, flags));
        return (await host.client.get(SECRET, { namespace, name: kubeconfigSecretOf(name) })).data ?? {};
      });
      const lines = certificateLines(data, io.clock.now());
      const rows = lines.map((line) => [
        line.filename,
        line.subject,
        line.issuer,
        line.expiryTime,
        line.status,
      ]);
      io.out(
        flags.output === 'json'
          ? `${JSON.stringify(lines, null, 2)}\n`
          : formatTable(['FILENAME', 'SUBJECT', 'ISSUER', 'EXPIRES ON', 'STATUS'], rows),
      );
    });
  const renewed = 'certificates are renewed before they end, by the operator';
  return new Command('certs')
    .description('Certificates of a virtual cluster')
    .addCommand(check)
    .addCommand(refusedVerb('rotate', renewed))
    .addCommand(refusedVerb('rotate-ca', 'authorities hold for ten years'));
}

/** A verb of vcluster's that can't work here: left out of the help, and refused with the reason. */
export function refusedVerb(name: string, why: string): Command {
  const command = new Command(name).argument('[words...]').allowUnknownOption();
  // Commander's own way: a command without a description is listed, so the parent hides it.
  return command.action(() => {
    throw new WrongOption(`${name} is not supported: ${why}`, '`vcluster --help` lists what there is.');
  });
}

/** The certificates among the keys of a Secret. */
export function certificateLines(
  data: Readonly<Record<string, string>>,
  now: number,
): readonly CertificateLine[] {
  return Object.entries(data).flatMap(([filename, value]) => {
    const text = Buffer.from(value, 'base64').toString('utf8');
    if (!text.startsWith('-----BEGIN CERTIFICATE-----')) return [];
    const { subject, issuer, validTo } = new X509Certificate(text);
    const end = Date.parse(validTo);
    return [
      {
        filename,
        subject: subject.replaceAll('\n', ', '),
        issuer: issuer.replaceAll('\n', ', '),
        expiryTime: new Date(end).toISOString(),
        status: end > now ? ('OK' as const) : ('EXPIRED' as const),
      },
    ];
  });
}
