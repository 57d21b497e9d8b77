/**
 * What a key does: old state in, new state and effects out. Who gets text is decided in one place: the form or filter that
 * is open, else the prompt while it is focused, else single letters are commands. A burst of several characters whose first
 * word is a command, and every paste, goes to the prompt (see `looksLikeCommand`).
 */
import { assertNever } from '../../wire/errors.js'
import { type Edit, EMPTY, edit, editorOf, insert, textOf } from '../prompt/editor.js'
import { walk } from '../prompt/history.js'
import type { UiState } from '../state.js'
import { commandForKey, looksLikeCommand } from './command-keys.js'
import { completePrompt, enterForm, enterPrompt } from './enter.js'
import { formOf, moveField } from './forms.js'
import type { Key, NamedKey } from './keys.js'
import { moveCursor, nextPane, openDetail, PANE_KEYS, scrollOverlay } from './panes.js'
import { type Step, type Surroundings, say, step } from './step.js'
import { filtered, openEditor, withText } from './typing.js'

export function press(ui: UiState, key: Key, around: Surroundings): Step {
  if (key.kind === 'named') return pressNamed(ui, key.name, key.pasted, around)
  const editor = openEditor(ui)
  if (editor !== null) return step(withText(ui, insert(editor, key.text)))
  return pressText(ui, key.text, key.pasted, around)
}

function pressText(ui: UiState, text: string, pasted: boolean, around: Surroundings): Step {
  if (pasted || looksLikeCommand(text, around.commands)) {
    const prompt = insert(EMPTY, text.replace(/^\s*:?/, ''))
    return step({ ...ui, mode: 'prompt', prompt, completion: null })
  }
  let now = step(ui)
  for (const [index, character] of [...text].entries()) {
    if (now.ui.mode !== 'panes') {
      const rest = press(now.ui, { kind: 'text', text: [...text].slice(index).join(''), pasted }, around)
      return { ui: rest.ui, effects: [...now.effects, ...rest.effects] }
    }
    const next = pressLetter(now.ui, character, around)
    now = { ui: next.ui, effects: [...now.effects, ...next.effects] }
  }
  return now
}

/** A terminal never answers whether it did so. */
const COPIED = 'handed to the terminal to copy; if it does not, mark the ticket with the mouse'

function pressLetter(ui: UiState, letter: string, around: Surroundings): Step {
  if (letter === 'q')
    return ui.overlay === null ? step(ui, { do: 'quit', abrupt: false }) : step({ ...ui, overlay: null })
  if (letter === 'y' && ui.overlay?.kind === 'text' && ui.overlay.copy !== undefined)
    return step(say(ui, COPIED, 'info', around.now), { do: 'copy', text: ui.overlay.copy })
  if (letter === ':') return step({ ...ui, mode: 'prompt', prompt: EMPTY, completion: null })
  if (letter === '/') return step({ ...ui, mode: 'filter', overlay: null, filter: editorOf(ui.filters[ui.focus]) })
  if (letter === '?') return step({ ...ui, overlay: ui.overlay?.kind === 'help' ? null : { kind: 'help', scroll: 0 } })
  if (letter === 'z') return step({ ...ui, zoom: !ui.zoom, overlay: null })
  if (letter === 'x') return cancel(ui)
  const pane = PANE_KEYS[letter]
  if (pane !== undefined) return step({ ...ui, focus: pane, overlay: null })
  if ('jkgG'.includes(letter)) return step(moved(ui, letter, around))
  return startCommand(ui, letter, around)
}

function startCommand(ui: UiState, letter: string, around: Surroundings): Step {
  const command = commandForKey(letter, around.commands)
  if (command === undefined) {
    if (letter.trim() === '') return step(ui)
    return step(say(ui, `${letter} is not a key here: ? lists the keys, : opens the prompt`, 'info', around.now))
  }
  const form = formOf(command.name, letter, firstWord(command.name, ui, around))
  if (form !== null) return step({ ...ui, mode: 'form', form })
  if (command.args.includes('<')) return step({ ...ui, mode: 'prompt', prompt: editorOf(`${command.name} `) })
  return step(ui, { do: 'run', line: command.name, queued: false })
}

/** The file under the cursor is the one that is most likely wanted. */
function firstWord(command: string, ui: UiState, around: Surroundings): string {
  if (command !== 'request' || ui.focus !== 'files') return ''
  return around.snapshot?.files.find((file) => `f:${file.id}` === ui.cursors.files.key)?.name ?? ''
}

function cancel(ui: UiState): Step {
  const transfer = ui.focus === 'files' ? /^t:(\d+)$/.exec(ui.cursors.files.key ?? '')?.[1] : undefined
  if (transfer !== undefined) return step(ui, { do: 'run', line: `transfers cancel ${transfer}`, queued: false })
  return step(ui, { do: 'abort' })
}

function pressNamed(ui: UiState, name: NamedKey, pasted: boolean, around: Surroundings): Step {
  if (name === 'ctrl-c') return step(ui, { do: 'quit', abrupt: ui.leaving })
  if (name === 'ctrl-z') return step(ui, { do: 'suspend' })
  if (name === 'ctrl-l') return step(ui, { do: 'repaint' })
  if (name === 'enter') return enter(ui, pasted, around)
  if (name === 'escape') return step(back(ui))
  if (name === 'tab' || name === 'backtab') return step(tab(ui, name === 'tab' ? 1 : -1, around))
  if (name === 'up' || name === 'down') return step(upOrDown(ui, name, around))
  const change = EDITS[name]
  if (change !== undefined && openEditor(ui) !== null) return step(changed(ui, change))
  return step(moved(ui, name, around))
}

function enter(ui: UiState, pasted: boolean, around: Surroundings): Step {
  switch (ui.mode) {
    case 'prompt':
      return enterPrompt(ui, pasted)
    case 'form':
      return enterForm(ui, around.now)
    case 'filter':
      return step({ ...ui, mode: 'panes' })
    case 'panes':
      return step(ui.overlay === null ? openDetail(ui, around.keysOf(ui.focus)) : ui)
    default:
      return assertNever(ui.mode)
  }
}

/** Esc closes the innermost thing that is open. */
function back(ui: UiState): UiState {
  switch (ui.mode) {
    case 'prompt':
      return { ...ui, mode: 'panes', prompt: EMPTY, completion: null }
    case 'form':
      return { ...ui, mode: 'panes', form: null }
    case 'filter':
      return { ...filtered(ui, EMPTY), mode: 'panes' }
    case 'panes':
      if (ui.overlay !== null) return { ...ui, overlay: null }
      return ui.filters[ui.focus] !== '' ? filtered(ui, EMPTY) : { ...ui, zoom: false }
    default:
      return assertNever(ui.mode)
  }
}

function tab(ui: UiState, direction: 1 | -1, around: Surroundings): UiState {
  if (ui.mode === 'prompt') return completePrompt(ui, direction, around)
  if (ui.mode === 'form' && ui.form !== null) return { ...ui, form: moveField(ui.form, direction) }
  return { ...ui, focus: nextPane(ui.focus, direction), mode: 'panes', overlay: null }
}

function upOrDown(ui: UiState, name: 'up' | 'down', around: Surroundings): UiState {
  if (ui.mode === 'form' && ui.form !== null) return { ...ui, form: moveField(ui.form, name === 'up' ? -1 : 1) }
  if (ui.mode !== 'prompt') return moved(ui, name, around)
  const walked = walk(ui.history, name === 'up' ? -1 : 1, textOf(ui.prompt))
  if (walked === null) return ui
  return { ...ui, history: walked.history, prompt: editorOf(walked.text), completion: null }
}

function moved(ui: UiState, name: string, around: Surroundings): UiState {
  if (ui.overlay !== null) return scrollOverlay(ui, ui.overlay, name, around)
  return moveCursor(ui, name, around.keysOf(ui.focus), around.pageLines)
}

// ---- text

const EDITS: Readonly<Record<string, Edit>> = {
  left: 'left',
  right: 'right',
  'word-left': 'word-left',
  'word-right': 'word-right',
  home: 'home',
  end: 'end',
  backspace: 'backspace',
  delete: 'delete',
  'ctrl-a': 'home',
  'ctrl-e': 'end',
  'ctrl-b': 'left',
  'ctrl-f': 'right',
  'ctrl-w': 'kill-word',
  'ctrl-u': 'kill-before',
  'ctrl-k': 'kill-after',
}

function changed(ui: UiState, change: Edit): UiState {
  const editor = openEditor(ui) ?? EMPTY
  if (ui.mode === 'prompt' && change === 'backspace' && textOf(editor) === '')
    return { ...ui, mode: 'panes', completion: null }
  return withText(ui, edit(editor, change))
}
