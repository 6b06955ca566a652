// times.py in JavaScript: a provider's timestamps as FHIR instants and dates, always in UTC and of the same width.

const ISO =
  /^(\d{4})-(\d{2})-(\d{2})T(\d{2}):(\d{2})(?::(\d{2})(?:\.(\d{1,12}))?)?(?:Z|([+-])(\d{2}):?(\d{2}))$/;
const FIRST_MS = -62135596800000; // 0001-01-01T00:00:00Z
const LAST_MS = 253402300799999; // 9999-12-31T23:59:59.999Z

function milliseconds(moment, name) {
  let found;
  if (typeof moment === "number") {
    const scaled = Math.abs(moment) < 100000000000 ? moment * 1000 : moment;
    if (scaled >= FIRST_MS && scaled <= LAST_MS) found = Math.floor(scaled + 0.5);
  } else if (typeof moment === "string") {
    const parts = ISO.exec(moment);
    if (parts) found = isoMilliseconds(parts);
  }
  if (found !== undefined && found >= FIRST_MS && found <= LAST_MS) return found;
  const also = name === "date" ? " (or a day as 2026-01-31)" : "";
  throw helperFault(name, "a time is epoch seconds, epoch milliseconds, or ISO text with a zone" + also, moment, "give the event's own timestamp");
}

function isDay(year, month, day) {
  const leap = month === 2 && year % 4 === 0 && (year % 100 !== 0 || year % 400 === 0) ? 1 : 0;
  const days = [31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31];
  return year >= 1 && month >= 1 && month <= 12 && day >= 1 && day <= days[month - 1] + leap;
}

function isoMilliseconds(parts) {
  const number = (index) => Number(parts[index] || 0);
  const [year, month, day] = [number(1), number(2), number(3)];
  const [hour, minute, second] = [number(4), number(5), number(6)];
  if (!isDay(year, month, day) || Math.max(hour, number(9)) > 23) return undefined;
  if (Math.max(minute, second, number(10)) > 59) return undefined;
  const offset = (number(9) * 60 + number(10)) * (parts[8] === "-" ? -1 : 1);
  const moment = new Date(0);
  moment.setUTCFullYear(year, month - 1, day); // Date.UTC takes the years below 100 for 1900 and later
  const fraction = Number(((parts[7] || "") + "000").slice(0, 3));
  return moment.getTime() + ((hour * 60 + minute - offset) * 60 + second) * 1000 + fraction;
}

const TWO_DIGITS = Array.from({ length: 60 }, (_, number) => String(number).padStart(2, "0"));
const DAY_TEXTS = new Map(); // of the days met

// Days since 1970-01-01 as `YYYY-MM-DD`.
function dayText(days) {
  let text = DAY_TEXTS.get(days);
  if (text === undefined) {
    text = new Date(days * 86400000).toISOString().slice(0, 10);
    if (DAY_TEXTS.size === 4096) DAY_TEXTS.clear();
    DAY_TEXTS.set(days, text);
  }
  return text;
}

function isEpochSeconds(moment) {
  return typeof moment === "number" && moment >= 0 && moment < 100000000000 && moment % 1 === 0;
}

function instant(moment) {
  if (isEpochSeconds(moment)) {
    const second = moment % 60, minute = ((moment - second) / 60) % 60, hour = Math.floor(moment / 3600) % 24;
    const time = TWO_DIGITS[hour] + ":" + TWO_DIGITS[minute] + ":" + TWO_DIGITS[second];
    return dayText(Math.floor(moment / 86400)) + "T" + time + ".000Z";
  }
  return moment === undefined || moment === null ? undefined : new Date(milliseconds(moment, "instant")).toISOString();
}

function date(moment) {
  if (isEpochSeconds(moment)) return dayText(Math.floor(moment / 86400));
  if (moment === undefined || moment === null) return undefined;
  const day = typeof moment === "string" && /^(\d{4})-(\d{2})-(\d{2})$/.exec(moment);
  if (day && isDay(Number(day[1]), Number(day[2]), Number(day[3]))) return moment;
  return new Date(milliseconds(moment, "date")).toISOString().slice(0, 10);
}

// The instant that `order` gives; without one nobody could tell an older event from a newer.
function eventTime(moment) {
  const found = instant(moment);
  if (found !== undefined) return found;
  throw helperFault("order", "an ordered rule needs the event's time", moment, "give order: a field that every event has");
}
