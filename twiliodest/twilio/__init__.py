"""The client of Twilio's API, from the connection to what an answer or an error code means."""
