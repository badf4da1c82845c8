/** One shell command that asks many things: answers come in sections, each after a line with its name. */

const MARK = '@@fusion ';

export interface Question {
  readonly name: string;
  /** Shell commands; what they say as errors is dropped. */
  readonly commands: string;
}

/** Each question in a subshell, so that one that fails leaves the others alone. */
export function sectionCommand(questions: readonly Question[]): string {
  return questions
    .map(({ name, commands }) => `echo; echo '${MARK}${name}'; (${commands}) 2>/dev/null`)
    .join('\n');
}

const MOST_LINES = 5000;
const MOST_LINE = 4096;

/** Lines by name; lines before the first name and names that were not asked for are left out. */
export function parseSections(
  text: string,
  questions: readonly Pick<Question, 'name'>[],
): ReadonlyMap<string, readonly string[]> {
  const sections = new Map<string, string[]>(questions.map(({ name }) => [name, []]));
  let current: string[] | undefined;
  for (const line of text.split('\n', MOST_LINES)) {
    if (line.startsWith(MARK)) current = sections.get(line.slice(MARK.length).trim());
    else if (line.trim() !== '') current?.push(line.slice(0, MOST_LINE).trimEnd());
  }
  return sections;
}
