#!/usr/bin/env bash
# A machine's way to the tools of a protected MCP server, with curl and openssl and nothing else.
#
#   GATEHOUSE_URL=http://localhost:3000 ADMIN_PASSWORD=… examples/curl-openssl.sh
#       makes two credentials for itself, uses them, and deletes them again;
#   GATEHOUSE_URL=… CLIENT_ID=… CLIENT_SECRET=… examples/curl-openssl.sh
#       uses a credential with a secret; then shows the public key that it made, and asks for the client id of a credential
#       (authentication method private_key_jwt) that you have registered it with. An empty line skips that half.
#
# ADMIN_USERNAME is admin where it is not set. Every step checks its own result; the first surprise ends the run with status 1.
# Secrets reach curl on standard input and openssl in files that only you can read: none stands on a command line, where ps
# would show it, nor in a URL, where every proxy would log it.
set -euo pipefail
umask 077

MCP_VERSION=2026-07-28
ASSERTION_TYPE=urn:ietf:params:oauth:client-assertion-type:jwt-bearer

fail() {
  printf 'curl-openssl: %s\n' "$*" >&2
  exit 1
}

say() { printf '%s\n' "$*"; }

# ---- encodings ---------------------------------------------------------------------------------------------------------

base64url() { openssl base64 -A | tr '+/' '-_' | tr -d '='; }

# Bytes from hexadecimal digits on standard input.
from_hex() {
  local hex
  hex=$(cat)
  # The format is made of \xHH only.
  # shellcheck disable=SC2059
  printf "$(printf '%s' "$hex" | sed 's/../\\x&/g')"
}

# openssl signs in DER: a sequence of two integers. JOSE wants the same two as 32 bytes each (RFC 7518 §3.4); openssl leaves out
# the zeros in front, so they are put back.
der_to_raw() {
  openssl asn1parse -inform DER | sed -n 's/.*INTEGER *:\([0-9A-Fa-f]*\).*/\1/p' | while read -r number; do
    printf '%064s' "$number" | tr ' ' 0
  done | from_hex
}

# The first text member of this name in BODY; nothing where there is none. Enough here: what we read holds no escapes.
json_text() {
  local pattern="\"$1\" *: *\"([^\"\\]*)\""
  if [[ $BODY =~ $pattern ]]; then printf '%s' "${BASH_REMATCH[1]}"; fi
}

# A value between quotes in a curl configuration.
quote() {
  local text=${1//\\/\\\\}
  printf '"%s"' "${text//\"/\\\"}"
}

# ---- HTTP --------------------------------------------------------------------------------------------------------------

# request URL < configuration: the rest of the request comes on standard input. Sets STATUS and BODY.
request() {
  : >"$WORK/body"
  STATUS=$({
    printf 'url = %s\n' "$(quote "$1")"
    cat
  } | curl --disable --silent --show-error --max-time 30 --output "$WORK/body" --write-out '%{http_code}' --config -) ||
    fail "$1 cannot be reached"
  BODY=$(cat "$WORK/body")
}

# expect STATUS WHAT: what was just answered. An answer may hold a token, so that only its error is shown.
expect() { [ "$STATUS" = "$1" ] || fail "$2: expected status $1, got $STATUS $(json_text error)"; }

expect_text() {
  case $BODY in
    *"$1"*) ;;
    *) fail "$2: the answer does not hold $1" ;;
  esac
}

# A form field, on standard output, for the configuration.
field() { printf 'data-urlencode = %s\n' "$(quote "$1=$2")"; }

# ---- what a client does ------------------------------------------------------------------------------------------------

discover() {
  local issuer=$GATEHOUSE_URL/authed/mcp
  request "$GATEHOUSE_URL/.well-known/oauth-authorization-server/authed/mcp" </dev/null
  expect 200 discovery
  [ "$(json_text issuer)" = "$issuer" ] || fail "the metadata is that of another issuer than $issuer"
  ISSUER=$issuer
  TOKEN_ENDPOINT=$(json_text token_endpoint)
  REVOCATION_ENDPOINT=$(json_text revocation_endpoint)
  INTROSPECTION_ENDPOINT=$(json_text introspection_endpoint)
  [ -n "$TOKEN_ENDPOINT" ] && [ -n "$REVOCATION_ENDPOINT" ] && [ -n "$INTROSPECTION_ENDPOINT" ] || fail "the metadata lacks an endpoint"
  say "found the endpoints of $ISSUER"
}

# The two ways to say who the client is, as lines of a configuration.
by_secret() { printf 'basic\nuser = %s\n' "$(quote "$CLIENT_ID:$CLIENT_SECRET")"; }
by_key() {
  field client_assertion_type "$ASSERTION_TYPE"
  field client_assertion "$(make_assertion)"
}

# A signed statement of who the client is, good once and for two minutes (RFC 7523 §3).
make_assertion() {
  local now header claims
  now=$(date +%s)
  header=$(printf '{"alg":"ES256","typ":"JWT","kid":"%s"}' "$KEY_ID" | base64url)
  claims=$(
    printf '{"iss":"%s","sub":"%s","aud":"%s","jti":"%s","iat":%d,"exp":%d}' \
      "$KEY_CLIENT_ID" "$KEY_CLIENT_ID" "$ISSUER" "$(openssl rand -hex 16)" "$now" "$((now + 120))" | base64url
  )
  printf '%s.%s.%s' "$header" "$claims" "$(printf '%s.%s' "$header" "$claims" | openssl dgst -sha256 -sign "$KEY_FILE" | der_to_raw | base64url)"
}

# get_token AUTHENTICATION: sets TOKEN, and FORM to what was sent.
get_token() {
  FORM=$("$1" && field grant_type client_credentials)
  request "$TOKEN_ENDPOINT" <<<"$FORM"
  expect 200 'the token request'
  TOKEN=$(json_text access_token)
  [ -n "$TOKEN" ] || fail 'the answer holds no access token'
  [ "$(json_text token_type)" = Bearer ] || fail 'the token is no bearer token'
  say "got a token for: $(json_text scope)"
}

# Sends tools/list with TOKEN; the caller looks at STATUS and BODY.
list_tools() {
  local meta message
  meta="{\"io.modelcontextprotocol/protocolVersion\":\"$MCP_VERSION\",\"io.modelcontextprotocol/clientCapabilities\":{}}"
  message="{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"tools/list\",\"params\":{\"_meta\":$meta}}"
  request "$ISSUER" <<CONFIG
header = $(quote "Authorization: Bearer $TOKEN")
header = "Content-Type: application/json"
header = "Accept: application/json, text/event-stream"
header = "MCP-Protocol-Version: $MCP_VERSION"
header = "Mcp-Method: tools/list"
data = $(quote "$message")
CONFIG
}

use_token() {
  list_tools
  expect 200 'tools/list'
  expect_text '"tools":[{' 'tools/list'
  say "tools/list answers: $(grep -o '"name":"[a-z_]*"' <<<"$BODY" | cut -d '"' -f 4 | tr '\n' ' ')"
}

# introspect AUTHENTICATION EXPECTED: only resource servers may ask (RFC 7662 §2.1); for who may not, that is said and all is well.
introspect() {
  request "$INTROSPECTION_ENDPOINT" < <("$1" && field token "$TOKEN")
  if [ "$STATUS" = 403 ]; then
    expect_text unauthorized_client introspection
    say 'may not introspect: skipped'
    return
  fi
  expect 200 introspection
  expect_text "\"active\":$2" introspection
  say "introspection says active: $2"
}

# revoke AUTHENTICATION: and see that the token is dead.
revoke() {
  request "$REVOCATION_ENDPOINT" < <("$1" && field token "$TOKEN")
  expect 200 revocation
  list_tools
  expect 401 'tools/list with a revoked token'
  expect_text invalid_token 'tools/list with a revoked token'
  say 'revoked: the token is dead'
}

# ---- keys and credentials ----------------------------------------------------------------------------------------------

# Sets KEY_FILE, KEY_ID and JWK.
make_key() {
  local x y
  KEY_FILE=$WORK/key.pem
  openssl genpkey -algorithm EC -pkeyopt ec_paramgen_curve:P-256 -out "$KEY_FILE" 2>/dev/null
  # The last 64 bytes of the public key in DER are the point.
  openssl pkey -in "$KEY_FILE" -pubout -outform DER | tail -c 64 >"$WORK/point"
  x=$(head -c 32 "$WORK/point" | base64url)
  y=$(tail -c 32 "$WORK/point" | base64url)
  # RFC 7638 §3: the members in this order, without spaces.
  KEY_ID=$(printf '{"crv":"P-256","kty":"EC","x":"%s","y":"%s"}' "$x" "$y" | openssl dgst -sha256 -binary | base64url)
  JWK=$(printf '{"kty":"EC","crv":"P-256","x":"%s","y":"%s","kid":"%s","use":"sig","alg":"ES256"}' "$x" "$y" "$KEY_ID")
}

# admin_request METHOD PATH [JSON]
admin_request() {
  request "$GATEHOUSE_URL/api/v1$2" < <(
    printf 'request = %s\nbasic\nuser = %s\n' "$(quote "$1")" "$(quote "${ADMIN_USERNAME:-admin}:$ADMIN_PASSWORD")"
    if [ $# -gt 2 ]; then printf 'header = "Content-Type: application/json"\ndata = %s\n' "$(quote "$3")"; fi
  )
}

# create_credential JSON: leaves the answer in BODY, and remembers what to delete.
create_credential() {
  admin_request POST /credentials "$1"
  expect 201 'creating a credential'
  CREATED+=("$(json_text id)")
}

clean_up() {
  local status=$? id
  trap - EXIT
  for id in ${CREATED[@]+"${CREATED[@]}"}; do (admin_request DELETE "/credentials/$id" && expect 204 "deleting the credential $id") || status=1; done
  rm -rf "$WORK"
  exit "$status"
}

# ---- the two halves ----------------------------------------------------------------------------------------------------

with_secret() {
  if [ -n "$ADMIN_PASSWORD" ]; then
    create_credential '{"label":"curl-openssl.sh, secret","introspects":["docs"]}'
    CLIENT_ID=$(json_text clientId)
    CLIENT_SECRET=$(json_text clientSecret)
  fi
  [ -n "$CLIENT_ID" ] && [ -n "$CLIENT_SECRET" ] || fail 'set ADMIN_PASSWORD, or CLIENT_ID and CLIENT_SECRET'
  say "== client_secret_basic: $CLIENT_ID"
  get_token by_secret
  use_token
  introspect by_secret true
  revoke by_secret
  introspect by_secret false
}

with_key() {
  make_key
  say '== private_key_jwt'
  say "the key to register: $JWK"
  if [ -n "$ADMIN_PASSWORD" ]; then
    create_credential "{\"label\":\"curl-openssl.sh, key\",\"authMethod\":\"private_key_jwt\",\"jwks\":{\"keys\":[$JWK]},\"introspects\":[\"docs\"]}"
    KEY_CLIENT_ID=$(json_text clientId)
  else
    say 'client id of the credential with this key (empty to stop here):'
    read -r KEY_CLIENT_ID || KEY_CLIENT_ID=
    [ -n "$KEY_CLIENT_ID" ] || return 0
  fi
  say "client id: $KEY_CLIENT_ID"
  get_token by_key
  use_token
  introspect by_key true
  refuse_second_use
  revoke by_key
  introspect by_key false
}

# An assertion that somebody overheard is worth nothing (RFC 7523 §3).
refuse_second_use() {
  request "$TOKEN_ENDPOINT" <<<"$FORM"
  expect 401 'the same assertion once more'
  expect_text invalid_client 'the same assertion once more'
  say 'the same assertion is refused the second time'
}

main() {
  GATEHOUSE_URL=${GATEHOUSE_URL:-http://localhost:3000}
  GATEHOUSE_URL=${GATEHOUSE_URL%/}
  CLIENT_ID=${CLIENT_ID:-} CLIENT_SECRET=${CLIENT_SECRET:-} ADMIN_PASSWORD=${ADMIN_PASSWORD:-}
  # What stays in the environment would be handed to every program that is started from here.
  export -n CLIENT_SECRET ADMIN_PASSWORD
  [[ $GATEHOUSE_URL =~ ^(https://|http://(localhost|127\.0\.0\.1|\[::1\])(:[0-9]+)?$) ]] ||
    fail 'GATEHOUSE_URL must be https, or http on the loopback: secrets travel over it'
  WORK=$(mktemp -d)
  CREATED=()
  trap clean_up EXIT
  discover
  with_secret
  with_key
  say 'all as expected'
}

if [ "${BASH_SOURCE[0]}" = "$0" ]; then main; fi
