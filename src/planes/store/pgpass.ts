/** Where a plane's database is and how its role gets in. */
export interface DatabaseAddress {
  readonly host: string;
  readonly port: number;
  readonly database: string;
  readonly user: string;
  readonly password: string;
}

/** One line of libpq's password file: what separates fields is escaped. Pure. */
export function pgpassLine({ host, port, database, user, password }: DatabaseAddress): string {
  const fields = [host, String(port), database, user, password];
  return `${fields.map((field) => field.replaceAll(/[\\:]/g, String.raw`\$&`)).join(':')}\n`;
}

/** What such a line says; undefined where it is none. Pure. */
export function readPgpass(line: string): DatabaseAddress | undefined {
  const fields = [...line.trim().matchAll(/(?:^|:)((?:\\.|[^:\\])*)/g)].map(([, text = '']) =>
    text.replaceAll(/\\(.)/g, '$1'),
  );
  const [host, port, database, user, password] = fields;
  if (host === undefined || port === undefined || database === undefined) return undefined;
  if (user === undefined || password === undefined || fields.length !== 5) return undefined;
  return { host, port: Number(port), database, user, password };
}
