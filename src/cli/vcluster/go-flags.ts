import { Option, type Command } from 'commander';
import { WrongOption } from '../../lib/wrong-option.ts';

/** A switch as Go's programs have them: `--wait`, `--wait=false`. */
export function goSwitch(flags: string, description: string, isOn: boolean): Option {
  const [, long = flags] = /(--[a-z-]+)/.exec(flags) ?? [];
  return new Option(`${flags} [boolean]`, description)
    .argParser((text: string) => {
      if (/^(true|t|1)$/i.test(text)) return true;
      if (/^(false|f|0)$/i.test(text)) return false;
      throw new WrongOption(`${long} is "${text}"`, `Write ${long} or ${long}=false.`);
    })
    .preset('true')
    .default(isOn);
}

/** Flags of vcluster's that can't work here: known, left out of the help, and refused with the reason. */
export function refuseFlags(command: Command, reasons: Readonly<Record<string, string>>): Command {
  for (const [flag, why] of Object.entries(reasons)) {
    const refuse = (): never => {
      throw new WrongOption(`--${flag} is not supported: ${why}`, 'Leave it out.');
    };
    command.addOption(new Option(`--${flag} [value]`).argParser(refuse).preset('true').hideHelp());
  }
  return command;
}
