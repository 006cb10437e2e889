import { Command } from 'commander';
import { describe, expect, it } from 'vitest';
import { helpAs, helpHint, programWords } from './program-names.ts';

describe('another program’s name', () => {
  it('stands for a command of ours', () => {
    expect(programWords('kflex', ['create', 'cp1'])).toEqual(['controlplane', 'create', 'cp1']);
    expect(programWords('tenantry', ['list'])).toBeUndefined();
    expect(programWords('constructor', [])).toBeUndefined();
  });

  it('has what was mistyped looked up where it was typed', () => {
    const create = new Command('create');
    new Command('tenantry').addCommand(new Command('controlplane').addCommand(create));

    expect(helpHint(create)).toBe('(tenantry controlplane create --help lists what there is)');
  });

  it('is what the help says', () => {
    const create = new Command('create').argument('<name>');
    new Command('tenantry').addCommand(new Command('controlplane').addCommand(create));

    helpAs(create, 'kflex');

    expect(create.helpInformation()).toContain('Usage: kflex create [options] <name>');
  });
});
