/** The help, made from the command table: keys, then the commands under their headings with an example each. */
import { consoleKeys, keysForCommand } from '../input/command-keys.js'
import type { CommandHelp } from '../source.js'
import type { Model } from '../state.js'
import { column, type Line, lineWidth, styled } from '../text/line.js'

const KEYS_WIDTH = 4

export function helpLines({ commands, look, attached }: Model, width: number): readonly Line[] {
  const lines: Line[] = [[styled('bold', ' Keys')]]
  for (const [keys, meaning] of consoleKeys(attached))
    lines.push(['  ', styled('accent', column(keys, 13, look)), ' ', meaning])
  lines.push([], [styled('bold', ' Commands'), styled('dim', '  (key) name arguments: typed after : or straight away')])
  const longest = Math.max(12, ...commands.map((command) => usageOf(command).length)) + 1
  // beside the summary where there is room for both, else above it
  const beside = longest <= width / 2
  let heading = ''
  for (const command of commands) {
    if (command.group !== undefined && command.group !== heading)
      lines.push([], ['  ', styled('bold', (heading = command.group))])
    lines.push(...commandLines(command, beside ? longest : 0, width, { commands, look }))
  }
  return [...lines, ...TYPING]
}

const usageOf = ({ name, args }: CommandHelp): string => `${name} ${args}`.trim()

function commandLines(
  command: CommandHelp,
  usageWidth: number,
  width: number,
  { commands, look }: Pick<Model, 'commands' | 'look'>,
): readonly Line[] {
  const keys = styled('accent', column(keysForCommand(command, commands), KEYS_WIDTH, look))
  const summary = styled('dim', command.summary)
  const example = command.example === undefined ? [] : [styled('dim', 'e.g. '), command.example]
  const indent = ' '.repeat(KEYS_WIDTH + 4)
  if (usageWidth === 0) {
    const lines: Line[] = [
      [' ', keys, usageOf(command)],
      [indent, summary],
    ]
    return example.length === 0 ? lines : [...lines, [indent, ...example]]
  }
  const first: Line = [' ', keys, column(usageOf(command), usageWidth, look), ' ', summary]
  if (example.length === 0) return [first]
  const both: Line = [...first, '  ', ...example]
  return lineWidth(both, look) <= width ? [both] : [first, [indent, ...example]]
}

const TYPING: readonly Line[] = [
  [],
  [styled('bold', ' Typing')],
  ['  Letters are keys until the prompt has the word: after : or when a whole command comes at once'],
  ['  (pasted, or sent by tmux send-keys). Upper and lower case of a command are the same.'],
  ['  Words with blanks stand in double quotes: vote "ann b" yes'],
  ['  help <command> opens the page of one command, with all its options.'],
]
