/** The variables of the process: read here and nowhere else. */
export const environment = (): NodeJS.ProcessEnv => process.env;
