import { Argument, Command } from 'commander';
import type { CliIo } from './cli-io.ts';

/**
 * The scripts know nothing of the commands: each asks this program, `tenantry __complete <words so far>`. It answers a line for each word
 * that fits, with a tab before its description, and at the end `:4` (these and no others) or `:0` (files, too): the form that kubectl asks
 * for, so that the plug-ins' words are completed by the same answer.
 */
const SCRIPTS: Readonly<Record<string, string>> = {
  bash: `# bash completion for tenantry: source <(tenantry completion bash)
_tenantry() {
  local line directive=0
  COMPREPLY=()
  while IFS= read -r line; do
    case "$line" in
      :*) directive="\${line#:}" ;;
      *) COMPREPLY+=("\${line%%$'\\t'*}") ;;
    esac
  done < <("\${COMP_WORDS[0]}" __complete "\${COMP_WORDS[@]:1:COMP_CWORD}" 2>/dev/null)
  if [ "$directive" = 0 ]; then compopt -o default 2>/dev/null; fi
}
complete -F _tenantry tenantry
`,
  zsh: `#compdef tenantry
# zsh completion for tenantry: source <(tenantry completion zsh)
_tenantry() {
  local -a found
  local line directive=0
  for line in "\${(@f)$("\${words[1]}" __complete "\${(@)words[2,CURRENT]}" 2>/dev/null)}"; do
    case "$line" in
      :*) directive="\${line#:}" ;;
      *$'\\t'*) found+=("\${\${line%%$'\\t'*}//:/\\\\:}:\${line#*$'\\t'}") ;;
      ?*) found+=("\${line//:/\\\\:}") ;;
    esac
  done
  (( $#found )) && _describe tenantry found
  [[ "$directive" = 0 ]] && _files
}
compdef _tenantry tenantry
`,
  fish: `# fish completion for tenantry: tenantry completion fish | source
function __tenantry_complete
  set -l words (commandline -opc) (commandline -ct)
  set -l lines (command $words[1] __complete $words[2..-1] 2>/dev/null)
  string match -v -r '^:' -- $lines
  contains -- ':0' $lines; and __fish_complete_path (commandline -ct)
end
complete -c tenantry -f -a '(__tenantry_complete)'
`,
};

/** `completion <shell>`: the script that completes words of this program, under whichever of its names. */
export function completionCommand(io: CliIo, program = 'tenantry'): Command {
  return new Command('completion')
    .description(`Print the script that completes words: source <(${program} completion bash)`)
    .addArgument(new Argument('<shell>', 'the shell').choices(Object.keys(SCRIPTS)))
    .action((shell: string) => io.out((SCRIPTS[shell] ?? '').replaceAll('tenantry', program)));
}
