/**
 * Forms ask for a command's words one by one, in place of the hints. Enter moves on and submits; Esc leaves everything as
 * it was. What stands in a field is a value: the line quotes it.
 */
import { type Editor, EMPTY, editorOf, textOf } from '../prompt/editor.js'
import { quoteWord } from '../prompt/quote.js'

export interface Field {
  readonly label: string
  readonly required: boolean
  /** `--as`: the value follows this flag. */
  readonly flag?: string
  /** Values parted by commas: blanks around those mean nothing. */
  readonly list?: boolean
}

export interface Form {
  /** `vote`, `poll create`: what the line begins with. */
  readonly command: string
  readonly fields: readonly Field[]
  readonly editors: readonly Editor[]
  readonly at: number
  /** Opened by a key: whoever types the whole word `vote ` means the command, not a voter named `ote `. */
  readonly key: string
}

const FORMS: Readonly<Record<string, Pick<Form, 'command' | 'fields'>>> = {
  vote: {
    command: 'vote',
    fields: [
      { label: 'voter', required: true },
      { label: 'choice', required: true },
      { label: 'poll', required: false, flag: '--poll' },
    ],
  },
  store: {
    command: 'store',
    fields: [
      { label: 'file', required: true },
      { label: 'as name', required: false, flag: '--as' },
    ],
  },
  request: {
    command: 'request',
    fields: [
      { label: 'name', required: true },
      { label: 'to', required: false, flag: '-o' },
    ],
  },
  poll: {
    command: 'poll create',
    fields: [
      { label: 'name', required: true },
      { label: 'options', required: true, flag: '--options', list: true },
      { label: 'question', required: false },
      { label: 'closes', required: false, flag: '--closes' },
    ],
  },
}

/** null where the command has no form. `first` fills the first field. */
export function formOf(command: string, key: string, first = ''): Form | null {
  const form = FORMS[command]
  if (form === undefined) return null
  return { ...form, editors: form.fields.map((_, index) => (index === 0 ? editorOf(first) : EMPTY)), at: 0, key }
}

export const currentEditor = (form: Form): Editor => form.editors[form.at] ?? EMPTY

export function withEditor(form: Form, editor: Editor): Form {
  return { ...form, editors: form.editors.map((old, index) => (index === form.at ? editor : old)) }
}

/** The next (1) or previous (-1) field, round and round. */
export function moveField(form: Form, step: 1 | -1): Form {
  const count = form.fields.length
  return { ...form, at: (form.at + step + count) % count }
}

/** The first required field that is still empty, else -1. */
export function missing(form: Form): number {
  return form.fields.findIndex((field, index) => field.required && fieldValue(form, index) === '')
}

/** The command line that the form stands for: what has no flag first. */
export function lineOf(form: Form): string {
  return [form.command, ...wordsOf(form, false, -1), ...wordsOf(form, true, -1)].join(' ')
}

/** The line up to the cursor, had it been typed at the prompt: what can be suggested there can be in the field. */
export function halfLineOf(form: Form): string {
  const field = form.fields[form.at]
  const typed = `"${currentEditor(form).before.replace(/["\\]/g, '\\$&')}`
  const others = wordsOf(form, true, form.at)
  if (field?.flag !== undefined)
    return [form.command, ...wordsOf(form, false, form.at), ...others, field.flag, typed].join(' ')
  const before = form.fields.flatMap(({ flag }, index) =>
    flag === undefined && index < form.at ? [quoteWord(fieldValue(form, index))] : [],
  )
  return [form.command, ...others, ...before, typed].join(' ')
}

/** The rest of the command's name was typed into the form: the text for the prompt, else null. */
export function meantAsCommand(form: Form): string | null {
  const typed = form.key + textOf(form.editors[0] ?? EMPTY)
  // several letters may come at once
  return form.at === 0 && typed.startsWith(`${form.command.split(' ')[0]} `) ? typed : null
}

function fieldValue(form: Form, index: number): string {
  const text = textOf(form.editors[index] ?? EMPTY).trim()
  return form.fields[index]?.list === true ? text.replace(/\s*,\s*/g, ',') : text
}

/** What was filled in, with flags or without; `but` is left out. */
function wordsOf(form: Form, flagged: boolean, but: number): readonly string[] {
  return form.fields.flatMap(({ flag }, index) => {
    const value = fieldValue(form, index)
    if (value === '' || index === but || (flag !== undefined) !== flagged) return []
    return flag === undefined ? [quoteWord(value)] : [flag, quoteWord(value)]
  })
}
