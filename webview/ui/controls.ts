/**
 * The controls of the webview toolkit behind plain functions. The toolkit is archived upstream: only this
 * folder imports it, so that a replacement touches nothing else.
 */
import {
  provideVSCodeDesignSystem,
  vsCodeButton,
  vsCodeCheckbox,
  vsCodeDropdown,
  vsCodeOption,
  vsCodeProgressRing,
  vsCodeTextField,
} from '@vscode/webview-ui-toolkit';
import type { Button, Checkbox, Dropdown, TextField } from '@vscode/webview-ui-toolkit';
import { decorate } from './dom.ts';
import type { Attributes, Child } from './dom.ts';
import './controls.css';

export function registerControls(): void {
  provideVSCodeDesignSystem().register(
    vsCodeButton(),
    vsCodeCheckbox(),
    vsCodeDropdown(),
    vsCodeOption(),
    vsCodeProgressRing(),
    vsCodeTextField(),
  );
}

export interface ButtonOptions extends Attributes {
  readonly appearance?: 'primary' | 'secondary' | 'icon';
  /** What it does, spoken and shown on hover; with the key if there is one. */
  readonly label: string;
}

export function button(options: ButtonOptions, ...children: readonly Child[]): Button {
  const control = document.createElement('vscode-button') as Button;
  const appearance = options.appearance ?? 'secondary';
  control.setAttribute('appearance', appearance);
  control.setAttribute('aria-label', options.label);
  return decorate(control, { title: options.label, ...options }, children);
}

export function setDisabled(control: HTMLElement, disabled: boolean): void {
  (control as HTMLElement & { disabled: boolean }).disabled = disabled;
}

export interface CheckboxOptions extends Attributes {
  readonly label: string;
  readonly checked: boolean;
  readonly disabled?: boolean;
  readonly onToggle: (checked: boolean) => void;
}

/** With its label as text beside it. */
export function checkbox(options: CheckboxOptions): HTMLElement {
  const control = document.createElement('vscode-checkbox') as Checkbox;
  control.checked = options.checked;
  control.disabled = options.disabled ?? false;
  // The toolkit takes the name from the content only; the class `bare` hides what it would show of it.
  control.textContent = options.label;
  control.addEventListener('change', () => {
    if (control.checked !== options.checked) options.onToggle(control.checked);
  });
  return decorate(control, options);
}

export interface Choice {
  readonly value: string;
  readonly label: string;
}

export interface DropdownControl {
  readonly element: HTMLElement;
  set(value: string, disabled: boolean): void;
}

export function dropdown(
  label: string,
  choices: readonly Choice[],
  chosen: (value: string) => void,
): DropdownControl {
  const control = document.createElement('vscode-dropdown') as Dropdown;
  control.setAttribute('aria-label', label);
  control.title = label;
  let current = '';
  for (const choice of choices) {
    const option = document.createElement('vscode-option');
    option.setAttribute('value', choice.value);
    option.textContent = choice.label;
    control.append(option);
  }
  control.addEventListener('change', () => {
    if (control.value !== current) chosen(control.value);
  });
  return {
    element: control,
    set(value, disabled) {
      current = value;
      control.value = value;
      control.disabled = disabled;
    },
  };
}

export interface TextFieldOptions extends Attributes {
  readonly label: string;
  readonly placeholder?: string;
  readonly value?: string;
  /** Called on every keystroke. */
  readonly onInput?: (value: string) => void;
  /** Called on Enter or when focus leaves after a change. */
  readonly onChange?: (value: string) => void;
}

export function textField(options: TextFieldOptions): TextField {
  const control = document.createElement('vscode-text-field') as TextField;
  // The toolkit takes the name from the content only; controls.css hides what it would show of it.
  control.textContent = options.label;
  if (options.placeholder !== undefined) control.setAttribute('placeholder', options.placeholder);
  if (options.value !== undefined) control.setAttribute('value', options.value);
  control.addEventListener('input', () => options.onInput?.(control.value));
  control.addEventListener('change', () => options.onChange?.(control.value));
  return decorate(control, options);
}

export function progressRing(label: string): HTMLElement {
  const ring = document.createElement('vscode-progress-ring');
  ring.setAttribute('aria-label', label);
  return ring;
}
