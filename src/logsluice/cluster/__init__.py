"""What is kept in an OpenSearch or Elasticsearch cluster beside documents: index templates."""
