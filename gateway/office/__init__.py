"""The office: what a manager keeps - prices, permits, lists, money, people, the record - as plain pages."""
