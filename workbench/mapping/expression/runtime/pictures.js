// Date pictures, as far as they are portable; the compiler has refused the others.

const PICTURE_DEFAULTS = {
  Y: "1", M: "1", D: "1", d: "1", F: "n", H: "1", h: "1", P: "n", m: "01", s: "01", f: "1", Z: "01:01", z: "01:01", C: "n", E: "n",
};
const MONTH_NAMES = "January February March April May June July August September October November December".split(" ");
const DAY_NAMES = "Monday Tuesday Wednesday Thursday Friday Saturday Sunday".split(" ");

function readPicture(picture) {
  const out = [];
  let begin = 0;
  for (let at = 0; at < picture.length; at += 1) {
    if (picture[at] !== "[") continue;
    out.push(picture.slice(begin, at).replaceAll("]]", "]"));
    if (picture[at + 1] === "[") {
      out.push("[");
      at += 1;
      begin = at + 1;
      continue;
    }
    const end = picture.indexOf("]", at);
    if (end < 0) throw fault("D3135", "a picture has a [ without a ]");
    out.push(pictureMarker(picture.slice(at + 1, end).replace(/\s+/g, "")));
    at = end;
    begin = end + 1;
  }
  out.push(picture.slice(begin).replaceAll("]]", "]"));
  return out.filter((part) => part !== "");
}

function pictureMarker(text) {
  const part = text.slice(0, 1);
  const comma = text.lastIndexOf(",");
  let how = comma < 0 ? text.slice(1) : text.slice(1, comma);
  let modifier = "";
  if (how.length > 1 && "atco".includes(how[how.length - 1])) {
    modifier = how[how.length - 1];
    how = how.slice(0, -1);
  }
  const width = comma < 0 ? [] : text.slice(comma + 1).split("-");
  const [least, longest] = [0, 1].map((place) => (width[place] && width[place] !== "*" ? Number(width[place]) : undefined));
  if (PICTURE_DEFAULTS[part] === undefined) throw fault("D3132", "a picture has an unknown part");
  how ||= PICTURE_DEFAULTS[part];
  if ("nN".includes(how[0])) {
    if (!"MFPCE".includes(part)) return { part, fault: "D3133" };
    return { part, name: how[0] === "n" ? "lower" : how[1] === "n" ? "title" : "upper", longest, width: comma >= 0 };
  }
  if ("Zz".includes(part)) {
    const digits = how.replace(":", "").length;
    const separator = how.includes(":") ? how.split(":")[1].length : 0;
    return { part, digits, separator, zulu: modifier === "t", fault: separator === 0 && digits > 4 ? "D3134" : undefined };
  }
  let digits = Math.max(how.length, least ?? 0);
  let yearDigits = -1;
  if (part === "Y" && longest !== undefined) yearDigits = digits = longest;
  else if (part === "Y" && digits >= 2) yearDigits = digits;
  return { part, digits, ordinal: modifier === "o", longest, yearDigits };
}

function pictureFault(marker) {
  return fault(marker.fault, `the part [${marker.part}] of a picture has a form that it cannot have`);
}

function formatPicture(millis, picture, zone) {
  let offset = 0;
  if (zone !== undefined) {
    const found = /^[ \t\n\r]*([+-]?[0-9]+)/.exec(zone);
    if (found === null || found[1].length > 7) throw fault("U1002", "a zone is written +hhmm");
    offset = Number(found[1]);
  }
  const hours = Math.floor(offset / 100);
  const minutes = offset % 100;
  const moment = Math.trunc(millis + (60 * hours + minutes) * 60000);
  const parts = Math.abs(moment) <= LAST_MILLI ? partsOf(moment) : undefined;
  return readPicture(picture)
    .map((part) => (typeof part === "string" ? part : shownMarker(part, parts, hours, minutes)))
    .join("");
}

function shownMarker(marker, parts, hours, minutes) {
  const { part } = marker;
  if (marker.fault) throw pictureFault(marker);
  if ("CE".includes(part)) return "ISO";
  if ("Zz".includes(part)) return shownZone(marker, hours, minutes);
  if (part === "P") {
    const half = parts !== undefined && parts.H >= 12 ? "pm" : "am";
    return marker.name === "upper" ? half.toUpperCase() : half;
  }
  if (parts === undefined) {
    if (!marker.name) return "NaN".padStart(marker.digits, "0") + (marker.ordinal ? "th" : "");
    if (marker.name === "title" && !marker.width) return "undefined";
    throw fault("U1002", "a time is beyond the calendar");
  }
  if (marker.name) {
    const name = (part === "M" ? MONTH_NAMES[parts.M - 1] : DAY_NAMES[parts.F - 1]).slice(0, marker.longest);
    return marker.name === "upper" ? name.toUpperCase() : marker.name === "lower" ? name.toLowerCase() : name;
  }
  const value = part === "h" ? parts.H % 12 || 12 : parts[part];
  return shownInteger(marker.yearDigits !== -1 && part === "Y" ? value % 10 ** marker.yearDigits : value, marker);
}

function shownInteger(value, marker) {
  let text = String(Math.abs(value)).padStart(marker.digits, "0");
  if (marker.separator) {
    for (let place = Math.floor((text.length - 1) / marker.separator); place > 0; place -= 1) {
      const cut = text.length - place * marker.separator;
      text = `${text.slice(0, cut)}:${text.slice(cut)}`;
    }
  }
  if (marker.ordinal) {
    const teen = text.length > 1 && text[text.length - 2] === "1";
    text += (!teen && { 1: "st", 2: "nd", 3: "rd" }[text[text.length - 1]]) || "th";
  }
  return (value < 0 ? "-" : "") + text;
}

function shownZone(marker, hours, minutes) {
  const offset = hours * 100 + minutes;
  if (offset === 0 && marker.zulu) return "Z";
  let text;
  if (marker.separator || marker.digits > 2) text = shownInteger(offset, marker);
  else {
    text = shownInteger(hours, marker);
    if (minutes !== 0) text += `:${minutes < 0 ? "-" : ""}${String(Math.abs(minutes)).padStart(2, "0")}`;
  }
  return `${marker.part === "z" ? "GMT" : ""}${offset >= 0 ? "+" : ""}${text}`;
}

function parsePicture(text, picture) {
  const parts = readPicture(picture);
  const patterns = parts.map((part, place) => `(${picturePattern(part, parts[place + 1])})`);
  const found = new RegExp(`^${patterns.join("")}$`, "i").exec(text);
  if (found === null) return undefined;
  const values = {};
  parts.forEach((part, place) => {
    if (typeof part !== "string") values[part.part] = markerValue(part, found[place + 1]);
  });
  return Object.keys(values).length > 0 ? pictureMillis(values) : undefined;
}

function picturePattern(part, following) {
  if (typeof part === "string") return part.replace(/[.*+?^${}()|[\]\\]/g, "\\$&");
  if (part.fault === "D3133") throw pictureFault(part);
  if ("Zz".includes(part.part)) return `${part.part === "z" ? "GMT" : ""}[-+][0-9]+${part.separator ? ":[0-9]+" : ""}`;
  if (part.part === "f") return "[0-9]+";
  if (part.name) return "[a-zA-Z]+";
  const fixed = typeof following === "object" && following.digits && !"Zz".includes(following.part);
  return fixed ? `[0-9]{${part.digits}}` : `[0-9]+${part.ordinal ? "(?:th|st|nd|rd)" : ""}`;
}

function markerValue(marker, text) {
  if ("Zz".includes(marker.part)) {
    const bare = text.replace(/^GMT/i, "");
    const [hours, minutes] = marker.separator ? bare.split(":") : bare.length > 3 ? [bare.slice(0, 3), bare.slice(3)] : [bare, "0"];
    return Number(hours) * 60 + Number(minutes);
  }
  if (marker.part === "f") return Math.trunc(Number(`0.${text.slice(0, 3)}`) * 1000);
  if (marker.part === "P") return { am: 0, AM: 0, pm: 1, PM: 1 }[text];
  if (marker.name) {
    const place = (marker.part === "M" ? MONTH_NAMES : DAY_NAMES).findIndex((name) => name.slice(0, marker.longest) === text);
    return place < 0 ? undefined : place + 1;
  }
  return parseInt(marker.ordinal ? text.slice(0, -2) : text, 10);
}

function isPictureKind(values, wanted, others) {
  const given = [...wanted, ...others].filter((part) => values[part]);
  return given.length > 0 && given.every((part) => wanted.includes(part));
}

function pictureMillis(values) {
  const byDay = !isPictureKind(values, "YMD", "d") && isPictureKind(values, "Yd", "MD");
  const twelve = !isPictureKind(values, "Hmsf", "Ph") && isPictureKind(values, "Phmsf", "H");
  let ended = false;
  for (const part of (byDay ? "YD" : "YMD") + (twelve ? "Phmsf" : "Hmsf")) {
    if (values[part] === undefined) {
      values[part] = "MD".includes(part) ? 1 : 0;
      ended = true;
    } else if (ended) throw fault("D3136", "a picture lacks a part between those that are given");
  }
  const year = values.Y + (values.Y >= 0 && values.Y <= 99 ? 1900 : 0);
  const month = byDay ? 1 : Math.max(values.M || 1, 1);
  const day = byDay ? values.d : values.D;
  let hour = twelve ? (values.h === 12 ? 0 : values.h) : values.H;
  if (twelve && values.P === 1) hour += 12;
  const moment = utcMillis(year, month, day, hour, values.m, values.s, values.f) - (values.Z || values.z || 0) * 60000;
  return Math.abs(moment) <= LAST_MILLI ? moment : NaN;
}
