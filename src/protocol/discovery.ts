/** One way to reach a server: its public face, or the one that asks for a token. */
export interface Face {
  readonly name: string;
  readonly url: string;
  readonly description: string;
  readonly isPublic: boolean;
  /** What it can do, as far as everybody may know; undefined where that is not said. */
  readonly tools?: readonly object[];
  readonly capabilities?: object;
}

const VERSION = '1.0';
const TRANSPORT = 'http';

const authenticationOf = ({ isPublic }: Face): string => (isPublic ? 'none' : 'oauth2');

/** The document at `/.well-known/mcp` (R-DSC-01); the first face is the one to begin with. */
export function discoveryDocument(faces: readonly [Face, ...Face[]]): object {
  const servers = faces.map((face) => ({ name: face.name, url: face.url, transport: TRANSPORT, authentication: authenticationOf(face) }));
  return { version: VERSION, transport: TRANSPORT, url: faces[0].url, servers };
}

/** A server card (R-DSC-02). Without tools where the face asks for a token: the document is public (R-DSC-03). */
export function serverCard(face: Face, version: string): object {
  const { name, url, description, capabilities, tools } = face;
  return {
    name,
    version,
    url,
    transport: TRANSPORT,
    description,
    authentication: authenticationOf(face),
    ...(capabilities ? { capabilities } : {}),
    ...(tools ? { tools } : {}),
  };
}
