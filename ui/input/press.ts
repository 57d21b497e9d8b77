/**
 * What a key does: old state in, new state and effects out. Who gets text is decided in one place: the form or filter that
 * is open, else the prompt while it is focused, else single letters are commands. A burst of several characters whose first
 * word is a command, and every paste, goes to the prompt (see `looksLikeCommand`).
 */
import { assertNever } from '../../wire/errors.js'
import { type Edit, EMPTY, edit, editorOf, insert, textOf } from '../prompt/editor.js'
import { walk } from '../prompt/history.js'
import { NO_SEARCH, searchOn } from '../prompt/search.js'
import { FOLDER_KEY, type UiState } from '../state.js'
import { commandForKey, looksLikeCommand } from './command-keys.js'
import { enterForm, enterPrompt, enterSearch, foundLine, toPanes } from './enter.js'
import { formOf, moveField } from './forms.js'
import type { Key, NamedKey } from './keys.js'
import { changeLevel, cursorIndex, moveCursor, nextPane, openDetail, PANE_KEYS, scrollOverlay } from './panes.js'
import { type Step, type Surroundings, say, step } from './step.js'
import { completePrompt, tabInForm, takeSuggestion } from './suggesting.js'
import { filtered, filterOf, openEditor, withText } from './typing.js'

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

function pressLetter(ui: UiState, letter: string, around: Surroundings): Step {
  const { overlay } = ui
  if (letter === 'q') return overlay === null ? step(ui, { do: 'quit', abrupt: false }) : step({ ...ui, overlay: null })
  if (letter === 'y' && overlay !== null) return copy(ui, around)
  if (overlay?.kind === 'log' && '+-'.includes(letter)) return step(changeLevel(ui, overlay, letter === '+' ? 1 : -1))
  if (letter === ':') return step({ ...ui, mode: 'prompt', prompt: EMPTY, completion: null })
  if (letter === '/') return step({ ...ui, mode: 'filter', filter: editorOf(filterOf(ui)) })
  if (letter === '?') return step({ ...ui, overlay: overlay?.kind === 'help' ? null : { kind: 'help', scroll: 0 } })
  if (letter === 'z') return step({ ...ui, zoom: !ui.zoom, overlay: null })
  if (letter === 'x') return cancel(ui, around)
  if (letter === 'f') return step(folder(ui))
  const pane = PANE_KEYS[letter]
  if (pane !== undefined) return step({ ...ui, focus: pane, overlay: null })
  if ('jkgG'.includes(letter)) return step(moved(ui, letter, around))
  return startCommand(ui, letter, around)
}

function folder(ui: UiState): UiState {
  const { overlay } = ui
  const isOpen = overlay?.kind === 'detail' && overlay.key === FOLDER_KEY
  return { ...ui, overlay: isOpen ? null : { kind: 'detail', pane: 'files', key: FOLDER_KEY, scroll: 0 } }
}

/** A terminal never answers whether it did so. */
function copy(ui: UiState, around: Surroundings): Step {
  const copied = around.copied()
  if (copied === null) return step(say(ui, 'there is nothing here to copy', 'info', around.now))
  const words = `${copied.what} handed to the terminal to copy; if it does not, mark it with the mouse`
  return step(say(ui, words, 'info', around.now), { do: 'copy', text: copied.text })
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
  const key = keyUnderCursor(ui, around)
  return around.snapshot?.files.find((file) => `f:${file.id}` === key)?.name ?? ''
}

const keyUnderCursor = (ui: UiState, around: Surroundings): string => {
  const keys = around.keysOf(ui.focus)
  return keys[cursorIndex(ui, ui.focus, keys)] ?? ''
}

function cancel(ui: UiState, around: Surroundings): Step {
  const transfer = ui.focus === 'files' ? /^t:(\d+)$/.exec(keyUnderCursor(ui, around))?.[1] : undefined
  if (transfer !== undefined) return step(ui, { do: 'run', line: `transfers cancel ${transfer}`, queued: false })
  return step(ui, { do: 'abort' })
}

function pressNamed(ui: UiState, name: NamedKey, pasted: boolean, around: Surroundings): Step {
  if (name === 'ctrl-c') return step(ui, { do: 'quit', abrupt: ui.leaving })
  if (name === 'ctrl-z') return step(ui, { do: 'suspend' })
  if (name === 'ctrl-l') return step(ui, { do: 'repaint' })
  if (name === 'ctrl-r') return step(search(ui))
  if (ui.mode === 'search' && name !== 'escape' && name !== 'enter') return step(inSearch(ui, name))
  if (name === 'enter') return enter(ui, pasted, around)
  if (name === 'escape' || name === 'ctrl-g') return step(back(ui))
  if (name === 'tab' || name === 'backtab') return step(tab(ui, name === 'tab' ? 1 : -1, around))
  if (name === 'up' || name === 'down') return step(upOrDown(ui, name, around))
  const taken = GOES_ON.has(name) ? takeSuggestion(ui) : null
  if (taken !== null) return step(taken)
  const change = EDITS[name]
  if (change !== undefined && openEditor(ui) !== null) return step(changed(ui, change))
  return step(moved(ui, name, around))
}

function enter(ui: UiState, pasted: boolean, around: Surroundings): Step {
  switch (ui.mode) {
    case 'prompt':
      return enterPrompt(ui, pasted)
    case 'search':
      return enterSearch(ui, pasted, around)
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
    case 'search':
      return { ...ui, mode: textOf(ui.prompt) === '' ? 'panes' : 'prompt', search: null }
    case 'prompt':
    case 'form':
      return toPanes(ui)
    case 'filter':
      return { ...filtered(ui, EMPTY), mode: 'panes' }
    case 'panes':
      if (filterOf(ui) !== '') return filtered(ui, EMPTY)
      return ui.overlay !== null ? { ...ui, overlay: null } : { ...ui, zoom: false }
    default:
      return assertNever(ui.mode)
  }
}

function tab(ui: UiState, direction: 1 | -1, around: Surroundings): UiState {
  if (ui.mode === 'prompt') return completePrompt(ui, direction, around)
  if (ui.mode === 'form') return tabInForm(ui, direction, around)
  return { ...ui, focus: nextPane(ui.focus, direction), mode: 'panes', overlay: null }
}

function upOrDown(ui: UiState, name: 'up' | 'down', around: Surroundings): UiState {
  if (ui.mode === 'form' && ui.form !== null)
    return { ...ui, completion: null, form: moveField(ui.form, name === 'up' ? -1 : 1) }
  if (ui.mode !== 'prompt') return moved(ui, name, around)
  const walked = walk(ui.history, name === 'up' ? -1 : 1, textOf(ui.prompt))
  if (walked === null) return ui
  return { ...ui, history: walked.history, prompt: editorOf(walked.text), completion: null }
}

function moved(ui: UiState, name: string, around: Surroundings): UiState {
  if (ui.overlay !== null) return scrollOverlay(ui, ui.overlay, name, around)
  return moveCursor(ui, name, around.keysOf(ui.focus), around.pageLines)
}

// ---- search

/** Ctrl-R: opens the search through the history, and then looks further back. */
function search(ui: UiState): UiState {
  if (ui.mode === 'search' && ui.search !== null) return { ...ui, search: searchOn(ui.history.lines, ui.search) }
  if (ui.mode !== 'prompt' && ui.mode !== 'panes') return ui
  return { ...ui, mode: 'search', completion: null, search: NO_SEARCH }
}

/** What edits the text that is looked for stays in the search; any other key takes the found line into the prompt. */
function inSearch(ui: UiState, name: NamedKey): UiState {
  const editor = openEditor(ui) ?? EMPTY
  const change = SEARCH_EDITS[name]
  if (change !== undefined) return withText(ui, edit(editor, change))
  const line = foundLine(ui)
  return { ...ui, mode: 'prompt', search: null, prompt: line === null ? ui.prompt : editorOf(line) }
}

const SEARCH_EDITS: Readonly<Record<string, Edit>> = {
  backspace: 'backspace',
  'ctrl-w': 'kill-word',
  'ctrl-u': 'kill-before',
}

// ---- text

/** At the end of the line they take what is suggested there. */
const GOES_ON: ReadonlySet<NamedKey> = new Set(['right', 'end', 'ctrl-f', 'ctrl-e'])

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
  if (ui.mode === 'prompt' && change === 'backspace' && textOf(editor) === '') return toPanes(ui)
  return withText(ui, edit(editor, change))
}
