// The text functions. $length and $substring count code points.

function length(text) {
  return text === undefined ? undefined : Array.from(text).length;
}

function substring(text, begin, size) {
  if (text === undefined) return undefined;
  const signs = Array.from(text);
  const from = signs.length + begin < 0 ? 0 : begin;
  if (size === undefined) return signs.slice(from).join("");
  if (size <= 0) return "";
  return signs.slice(from, from >= 0 ? from + size : signs.length + from + size).join("");
}

function substringBefore(text, sign) {
  if (text === undefined) return undefined;
  const place = text.indexOf(sign);
  return place < 0 ? text : text.slice(0, place);
}

function substringAfter(text, sign) {
  if (text === undefined || sign === undefined) return text;
  const place = text.indexOf(sign);
  return place < 0 ? text : text.slice(place + sign.length);
}

function lowercase(text) {
  return text === undefined ? undefined : text.toLowerCase();
}

function uppercase(text) {
  return text === undefined ? undefined : text.toUpperCase();
}

function trim(text) {
  return text === undefined ? undefined : text.replace(/[ \t\n\r]+/g, " ").replace(/^ /, "").replace(/ $/, "");
}

function pad(text, width, sign) {
  if (text === undefined || width === undefined) return text;
  if (Math.abs(width) > LARGEST_TEXT) throw fault("D2015", "a text is longer than 20000000");
  const missing = Math.abs(Math.trunc(width)) - length(text);
  if (!(missing > 0)) return text;
  const signs = Array.from(sign || " ");
  const filling = Array.from({ length: missing }, (_, place) => signs[place % signs.length]).join("");
  return width > 0 ? text + filling : filling + text;
}

function join(texts, separator) {
  if (texts === undefined) return undefined;
  const between = separator === undefined ? "" : separator;
  const size = texts.reduce((sum, text) => sum + text.length, 0) + between.length * texts.length;
  if (size > LARGEST_TEXT) throw fault("D2015", "a text is longer than 20000000");
  return texts.join(between);
}

const BASE64 = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

function base64Encode(text) {
  if (text === undefined) return undefined;
  let out = "";
  for (let at = 0; at < text.length; at += 3) {
    const bytes = [0, 1, 2].map((place) => (at + place < text.length ? text.charCodeAt(at + place) & 255 : 0));
    const group = (bytes[0] << 16) | (bytes[1] << 8) | bytes[2];
    const signs = [18, 12, 6, 0].map((shift) => BASE64[(group >> shift) & 63]).join("");
    out += signs.slice(0, Math.min(4, text.length - at + 1)).padEnd(4, "=");
  }
  return out;
}

function base64Decode(text) {
  if (text === undefined) return undefined;
  const bytes = text.replace(/[^\x00-\xff]/g, (unit) => String.fromCharCode(unit.charCodeAt(0) & 255)); // as Node reads them
  const signs = bytes.split("=")[0].replace(/-/g, "+").replace(/_/g, "/").replace(/[^A-Za-z0-9+/]/g, "");
  let out = "";
  let bits = 0;
  let held = 0;
  for (const sign of signs) {
    held = ((held << 6) | BASE64.indexOf(sign)) & 0xfff;
    bits += 6;
    if (bits >= 8) {
      bits -= 8;
      out += String.fromCharCode((held >> bits) & 255);
    }
  }
  return out;
}

function urlCoded(coder, text, name) {
  if (text === undefined) return undefined;
  try {
    return coder(text);
  } catch (error) {
    if (error instanceof URIError) throw fault("D3140", `$${name} met a malformed text`);
    throw error;
  }
}

function encodeUrlComponent(text) {
  return urlCoded(encodeURIComponent, text, "encodeUrlComponent");
}

function encodeUrl(text) {
  return urlCoded(encodeURI, text, "encodeUrl");
}

function decodeUrlComponent(text) {
  return urlCoded(decodeURIComponent, text, "decodeUrlComponent");
}

function decodeUrl(text) {
  return urlCoded(decodeURI, text, "decodeUrl");
}
