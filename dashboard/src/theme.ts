import { createTheme, type CSSVariablesResolver, Drawer, type MantineColorsTuple, Modal } from '@mantine/core';

/** The house colour: spruce. Shade 7 on white and white on shade 7 read at 5.9:1. */
const spruce: MantineColorsTuple = [
  '#eef7f4',
  '#d9ece6',
  '#b3d9cd',
  '#88c3b1',
  '#5fae97',
  '#3f9a81',
  '#2a8069',
  '#1f6f5c',
  '#175747',
  '#0f4033',
];
const gray: MantineColorsTuple = [
  '#f8f8f5',
  '#f1f1ed',
  '#e7e7e1',
  '#dbdbd4',
  '#c9c9c1',
  '#a9aaa2',
  '#71756e',
  '#565b55',
  '#3f4440',
  '#262a27',
];
const dark: MantineColorsTuple = [
  '#e3e8e5',
  '#c1c9c4',
  '#9ba7a1',
  '#707b76',
  '#37413c',
  '#29322e',
  '#1b2220',
  '#131816',
  '#0e1210',
  '#090c0b',
];

const FONT = "system-ui, -apple-system, 'Segoe UI', Roboto, 'Noto Sans', 'Liberation Sans', sans-serif";
const MONO = "ui-monospace, SFMono-Regular, Menlo, Consolas, 'Liberation Mono', monospace";

export const theme = createTheme({
  primaryColor: 'spruce',
  primaryShade: { light: 7, dark: 6 },
  colors: { spruce, gray, dark },
  black: '#1d211f',
  fontFamily: FONT,
  fontFamilyMonospace: MONO,
  headings: {
    fontFamily: FONT,
    fontWeight: '620',
    sizes: {
      h1: { fontSize: '1.5rem', lineHeight: '1.25' },
      h2: { fontSize: '1.0625rem', lineHeight: '1.35' },
      h3: { fontSize: '0.9375rem', lineHeight: '1.4' },
    },
  },
  defaultRadius: 'md',
  cursorType: 'pointer',
  respectReducedMotion: true,
  components: {
    // react-remove-scroll writes a style element, which the policy forbids; base.css locks the page instead.
    Modal: Modal.extend({ defaultProps: { lockScroll: false, transitionProps: { duration: 120 } } }),
    Drawer: Drawer.extend({ defaultProps: { lockScroll: false, transitionProps: { duration: 120 } } }),
  },
});

/** What the theme says beyond Mantine's own variables: surfaces, quiet text and the colours of states, readable in both schemes. */
export const cssVariables: CSSVariablesResolver = () => ({
  variables: {},
  light: {
    '--mantine-color-body': '#fdfdfb',
    '--mantine-color-dimmed': '#5a605b',
    '--mantine-color-placeholder': '#6b716c',
    '--mantine-color-error': '#b3261e',
    '--mantine-color-anchor': '#1a6352',
    '--mantine-color-default-border': '#d6d7d0',
    '--gh-page': '#f6f6f2',
    '--gh-surface': '#ffffff',
    '--gh-line': '#e4e4dd',
    '--gh-hover': '#f4f5f1',
    '--gh-good': '#1b6b4d',
    '--gh-good-soft': '#e4f3ec',
    '--gh-warn': '#855005',
    '--gh-warn-soft': '#fcf1dc',
    '--gh-bad': '#a8281f',
    '--gh-bad-soft': '#fbe9e7',
    '--gh-quiet': '#565b55',
    '--gh-quiet-soft': '#eeeee9',
    '--gh-info': '#1f5f8b',
    '--gh-info-soft': '#e5f0f8',
    '--gh-chart-1': '#2a8069',
    '--gh-chart-2': '#c4572f',
    '--gh-chart-3': '#3d74a8',
  },
  dark: {
    '--mantine-color-body': '#151a18',
    '--mantine-color-dimmed': '#9ba7a1',
    '--mantine-color-placeholder': '#89958f',
    '--mantine-color-error': '#ff9a8f',
    '--mantine-color-anchor': '#7fd0ba',
    '--mantine-color-default-border': '#343d39',
    '--mantine-color-red-light-color': '#ff9e92',
    '--gh-page': '#0f1311',
    '--gh-surface': '#171c1a',
    '--gh-line': '#27302c',
    '--gh-hover': '#1d2421',
    '--gh-good': '#7ed3ab',
    '--gh-good-soft': '#15302a',
    '--gh-warn': '#f0bd6c',
    '--gh-warn-soft': '#35290f',
    '--gh-bad': '#ff9e92',
    '--gh-bad-soft': '#3b1c19',
    '--gh-quiet': '#aab4af',
    '--gh-quiet-soft': '#232a27',
    '--gh-info': '#8fc4ea',
    '--gh-info-soft': '#152a3a',
    '--gh-chart-1': '#4fb398',
    '--gh-chart-2': '#e98a63',
    '--gh-chart-3': '#7fb0dc',
  },
});
