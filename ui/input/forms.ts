/**
 * Forms ask for a command's words one by one, in place of the hints. Enter moves on and submits; Esc leaves everything as
 * it was.
 */
import { type Editor, EMPTY, editorOf, textOf } from '../prompt/editor.js'
import { quoteWord } from '../prompt/quote.js'

export interface Field {
  readonly label: string
  readonly required: boolean
  /** `--as`: the value follows this flag. */
  readonly flag?: string
}

export interface Form {
  readonly command: string
  readonly fields: readonly Field[]
  readonly editors: readonly Editor[]
  readonly at: number
  /** Opened by a key: whoever types the whole word `vote ` means the command, not a voter named `ote `. */
  readonly key: string
}

const FORMS: Readonly<Record<string, readonly Field[]>> = {
  vote: [
    { label: 'voter', required: true },
    { label: 'choice', required: true },
  ],
  store: [
    { label: 'file', required: true },
    { label: 'as name', required: false, flag: '--as' },
  ],
  request: [
    { label: 'name', required: true },
    { label: 'to', required: false, flag: '-o' },
  ],
}

/** null where the command has no form. `first` fills the first field. */
export function formOf(command: string, key: string, first = ''): Form | null {
  const fields = FORMS[command]
  if (fields === undefined) return null
  return { command, fields, editors: fields.map((_, index) => (index === 0 ? editorOf(first) : EMPTY)), at: 0, key }
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
  return form.fields.findIndex((field, index) => field.required && textOf(form.editors[index] ?? EMPTY).trim() === '')
}

/** The command line that the form stands for. */
export function lineOf(form: Form): string {
  const words = [form.command]
  for (const [index, { flag }] of form.fields.entries()) {
    const text = textOf(form.editors[index] ?? EMPTY).trim()
    if (text === '') continue
    if (flag !== undefined) words.push(flag)
    words.push(quoteWord(text))
  }
  return words.join(' ')
}

/** The rest of the command's name was typed into the form: the text for the prompt, else null. */
export function meantAsCommand(form: Form): string | null {
  const typed = textOf(form.editors[0] ?? EMPTY)
  return form.at === 0 && form.key + typed === `${form.command} ` ? `${form.command} ` : null
}
