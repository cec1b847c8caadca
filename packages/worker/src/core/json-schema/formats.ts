const hour = "([01]\\d|2[0-3])";
const offset = `(Z|[+-]${hour}:[0-5]\\d)`;
const time = `${hour}:[0-5]\\d:[0-5]\\d(\\.\\d{1,9})?${offset}`;

const leapYear = "(\\d\\d(0[48]|[2468][048]|[13579][26])|([02468][048]|[13579][26])00)";
const date = [
  "(\\d{4}-(0[13578]|1[02])-(0[1-9]|[12]\\d|3[01])",
  "\\d{4}-(0[469]|11)-(0[1-9]|[12]\\d|30)",
  "\\d{4}-02-(0[1-9]|1\\d|2[0-8])",
  `${leapYear}-02-29)`,
].join("|");

const label = "[A-Za-z0-9]([A-Za-z0-9-]{0,60}[A-Za-z0-9])?";
const hostname = `${label}(\\.${label}){0,3}`;
const byte = "(25[0-5]|2[0-4]\\d|1\\d\\d|[1-9]?\\d)";
const amount = "\\d{1,9}";
const clock = `T(${amount}H(${amount}M(${amount}S)?)?|${amount}M(${amount}S)?|${amount}S)`;
const calendar = `(${amount}Y(${amount}M(${amount}D)?)?|${amount}M(${amount}D)?|${amount}D)`;

/**
 * The values of `format` that are enforced, as patterns. Each admits only what the format allows, and not always all of
 * it: host names have at most four labels, mail addresses no quotes, IPv6 addresses all their groups. Any other format
 * is a remark, as JSON Schema has it.
 */
export const formatPatterns: Readonly<Record<string, string>> = {
  date: `^${date}$`,
  time: `^${time}$`,
  "date-time": `^${date}T${time}$`,
  duration: `^P(${amount}W|${calendar}(${clock})?|${clock})$`,
  email: `^[A-Za-z0-9_+-]{1,32}(\\.[A-Za-z0-9_+-]{1,32})?@${hostname}$`,
  hostname: `^${hostname}$`,
  ipv4: `^(${byte}\\.){3}${byte}$`,
  ipv6: "^([0-9a-fA-F]{1,4}:){7}[0-9a-fA-F]{1,4}$",
  uuid: "^[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}$",
};
