// The ceiling of the JavaScript benchmark: bench/invoice.yaml written by hand.

const STATUS = { draft: "draft", open: "issued", paid: "balanced", void: "cancelled", uncollectible: "cancelled" };
const SCALE = { JPY: 1, KWD: 1000 };
const iso = (seconds) => new Date(seconds * 1000).toISOString();

export function mapByHand(event) {
  const o = event.data.object;
  const currency = o.currency.toUpperCase();
  const scale = SCALE[currency] || 100;
  const customer = o.customer;
  const lineItem = o.lines.data.map((line, index) => {
    const code = line.currency.toUpperCase();
    const unit = SCALE[code] || 100;
    const priceComponent = [{ type: "base", factor: line.quantity, amount: { value: line.amount / unit, currency: code } }];
    const discount = line.discount_amounts.reduce((sum, each) => sum + each.amount, 0);
    if (discount > 0) priceComponent.push({ type: "discount", amount: { value: -discount / unit, currency: code } });
    if (line.tax_amounts.length) {
      const tax = line.tax_amounts.reduce((sum, each) => sum + each.amount, 0);
      priceComponent.push({ type: "tax", amount: { value: tax / unit, currency: code } });
    }
    const coding = [{ system: "https://stripe.com/price", code: line.price.id }];
    return { sequence: index + 1, chargeItemCodeableConcept: { coding, text: line.description }, priceComponent };
  });
  const invoice = {
    resourceType: "Invoice",
    meta: {
      source: "https://api.stripe.com/v1/events/" + event.id,
      tag: [{ system: "https://example.org/livemode", code: event.livemode ? "live" : "test" }],
    },
    identifier: [
      { system: "https://stripe.com/invoice/id", value: o.id },
      { system: "https://stripe.com/invoice/number", value: o.number },
    ],
    status: STATUS[o.status],
  };
  if (o.status === "uncollectible") invoice.cancelledReason = "Uncollectible";
  invoice.type = { text: o.billing_reason };
  invoice.subject = { identifier: { system: "https://clinic.example/mrn", value: o.metadata.patient_mrn } };
  if (o.customer_name !== null) invoice.subject.display = o.customer_name.trim().replace(/\s+/g, " ");
  invoice.recipient = { reference: "Patient?identifier=https://stripe.com/customer|" + customer };
  invoice.date = iso(o.created);
  invoice.issuer = { display: o.account_name };
  invoice.account = { reference: "Account?identifier=https://stripe.com/account/id|" + customer };
  invoice.lineItem = lineItem;
  invoice.totalNet = { value: o.total_excluding_tax / scale, currency };
  invoice.totalGross = { value: o.total / scale, currency };
  if (o.due_date) invoice.paymentTerms = "Due " + iso(o.due_date).slice(0, 10);
  if (o.footer !== null) invoice.note = [{ text: o.footer }];
  const account = {
    resourceType: "Account",
    identifier: [{ system: "https://stripe.com/account/id", value: customer }],
    status: "active",
    name: o.customer_name || o.customer_email,
    servicePeriod: { start: iso(o.period_start), end: iso(o.period_end) },
    description: "Stripe customer " + o.customer_email,
  };
  return { invoice, account };
}
