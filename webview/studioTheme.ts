/**
 * Chooses the studio's theme: `?theme=dark|light|high-contrast`, else what the system prefers. In VS Code the
 * editor's own variables are there and nothing is done.
 */
import './studioTheme.css';

const THEMES = ['dark', 'light', 'high-contrast'] as const;
type StudioTheme = (typeof THEMES)[number];

export function startStudioTheme(): void {
  const asked = new URLSearchParams(location.search).get('theme');
  const fixed = THEMES.find((theme) => theme === asked);
  const dark = matchMedia('(prefers-color-scheme: dark)');
  const contrast = matchMedia('(prefers-contrast: more), (forced-colors: active)');
  const apply = (): void => {
    const theme = fixed ?? (contrast.matches ? 'high-contrast' : dark.matches ? 'dark' : 'light');
    document.documentElement.dataset['studio'] = theme;
    // The toolkit and the graph read the kind where VS Code puts it.
    document.body.dataset['vscodeThemeKind'] = kindOf(theme);
    document.body.className = kindOf(theme);
  };
  apply();
  dark.addEventListener('change', apply);
  contrast.addEventListener('change', apply);
}

function kindOf(theme: StudioTheme): string {
  return theme === 'high-contrast' ? 'vscode-high-contrast' : `vscode-${theme}`;
}
